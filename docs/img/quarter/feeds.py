#!/usr/bin/env python3
"""Writes the feeds of the invented quarter into a folder: `feeds.py FOLDER before|after`.

`before` has one entry, as it was first published; `after` has it edited, and the whole quarter."""
import sys
from email.utils import format_datetime
from datetime import datetime, timezone
from html import escape

EDITED = ("kiln", "2026-09-02", "Kilnworks joins", "<p>Kilnworks has joined the Open Lattice Foundation as a {} member.</p>")
FEEDS = {
    "open-lattice": ("Open Lattice Foundation", "lattice.example", [
        ("meridian", "2026-11-19", "Meridian Cloud joins at the highest level",
         "<p>We are announcing today that Meridian Cloud has joined the Open Lattice Foundation as a Platinum member.</p>"
         "<p>We are happy to welcome Priya Raman, Head of Storage at Meridian Cloud, to our governing board.</p>"),
        ("autumn", "2026-10-20", "Autumn news from the members",
         "<p>This autumn the foundation grew again.</p><h2>New Gold members</h2><ul><li>Alder &amp; Finch</li><li>Cinderpath Software</li></ul>"
         "<h2>New Silver members</h2><ul><li>Tidewater Labs</li><li>Quill Data</li><li>Fjord Compute GmbH</li><li>Ostrava Numerics</li>"
         "<li>Plover Analytics</li><li>Société Lumière de Brest</li></ul>"),
        ("election", "2026-10-02", "The new technical council",
         "<p>The following people have been elected to the Technical Steering Committee of the Open Lattice Foundation:</p>"
         "<ul><li>Lena Fischer (Tidewater Labs)</li><li>Marco Bellini (Brightwater)</li><li>Ngozi Adeyemi-Halvorsen (University of Saint Brannock)</li>"
         "<li>Yuki Hoshino (re-elected)</li></ul>"),
        ("director", "2026-09-21", "A new executive director",
         "<p>The board of the Open Lattice Foundation has appointed Ana Castellan as Executive Director, effective 1 January 2027. She succeeds Tom Okafor, who has led the foundation since its first day and will stay with us as an adviser to the working group on schedulers until the spring.</p>"),
        ("bank", "2026-09-15", "Changes among the members",
         "<p>Granite Bank has left the Open Lattice Foundation.</p><p>Brightwater has upgraded its membership in the Open Lattice Foundation from Silver to Gold.</p>"),
    ]),
    "heron": ("Heron Software Foundation", "heron.example", [
        ("board", "2026-11-12", "Results of the board election",
         "<p>The members have voted. Elected to the board of directors of the Heron Software Foundation are Jonas Weber, Mei Tanaka and Oluwaseun Bright.</p>"),
        ("sponsors", "2026-10-28", "Two new sponsors",
         "<p>Larkspur Software has become a Gold sponsor of the Heron Software Foundation.</p><p>Kestrel Systems joined the Heron Software Foundation as a Bronze sponsor.</p>"),
        ("chair", "2026-10-11", "Our chair moves on",
         "<p>After six years Sofia Lindgren has stepped down as Chair of the Heron Software Foundation. The board has elected Daniel Brandt as Chair.</p>"),
        ("treasurer", "2026-09-30", "Treasurer", "<p>Ruth Okonjo has been appointed Treasurer of the Heron Software Foundation.</p>"),
    ]),
    "saltmarsh": ("Saltmarsh Alliance", "saltmarsh.example", [
        ("launch", "2026-11-03", "The Saltmarsh Alliance begins its work",
         "<p>The Saltmarsh Alliance is a new home for open data about coasts. Its founding members are Meridian Cloud, Harrow Networks, Pebble Instruments and the Port Authority of Westhaven.</p>"),
        ("chairs", "2026-11-05", "Who leads the working groups",
         "<p>Inge Solberg was named Chair of the Technical Advisory Board of the Saltmarsh Alliance.</p>"),
        ("renewal", "2026-11-24", "Pebble Instruments stays", "<p>Pebble Instruments has renewed its membership in the Saltmarsh Alliance.</p>"),
        ("hint", "2026-11-20", "In conversation", "<p>Reed Hydrographic is looking forward to working with the Saltmarsh Alliance as a member.</p>"),
    ]),
    "wire": ("Coastal Wire", "wire.example", [
        ("meridian", "2026-11-19", "Meridian Cloud commits to lattices",
         "<p>The storage company Meridian Cloud has joined the Open Lattice Foundation as a Gold member.</p>"),
        ("finch", "2026-10-21", "Alder &amp; Finch joins the Open Lattice Foundation",
         "<p>Alder &amp; Finch has joined the Open Lattice Foundation as a Gold member.</p>"),
    ]),
}

def item(site, key, day, title, html):
    at = format_datetime(datetime.fromisoformat(day + "T09:00:00").replace(tzinfo=timezone.utc))
    return (f"<item><title>{title}</title><link>https://{site}/news/{key}</link><guid isPermaLink=\"false\">{key}</guid>"
            f"<pubDate>{at}</pubDate><description>{escape(html)}</description></item>\n")

folder, when = sys.argv[1:]
for name, (publisher, site, entries) in FEEDS.items():
    key, day, title, html = EDITED
    kept = [(key, day, title, html.format("Silver" if when == "before" else "Gold"))] if name == "open-lattice" else []
    kept += entries if when == "after" else []
    with open(f"{folder}/{name}.xml", "w", encoding="utf-8") as out:
        out.write(f"<rss version=\"2.0\"><channel><title>{publisher}</title><link>https://{site}/</link><description>News</description>\n")
        out.writelines(item(site, *entry) for entry in kept)
        out.write("</channel></rss>\n")
