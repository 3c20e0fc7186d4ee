#!/usr/bin/env python3
"""gazetted beside a program that does the least possible, on the rig of generated feeds.

    bench/rig.py --gazetted target/release/gazetted --bare PATH/bare [--rig ../shared/bench/rig] [--feeds 1000]
                 [--pairs 5] [--work DIR] [--port 8481] [--only cold,warm,changed,truth] [--json FILE]

The rig is a folder with gen.py (feeds that are the same on every machine) and run.sh (nginx on loopback;
needs nginx-light and curl). Each pair runs gazetted and bare a, b, c one after another, in an order that turns
from pair to pair: cold (nothing known), warm (nothing changed, all 304) and changed (one new entry in 1 % of the
feeds). Figures are medians of CPU time (user + system) and of the highest resident memory, as the kernel counts
them for the process; wall times drift and are printed only beside. A last run over all feeds, JSON Feed
included, is held against truth.tsv: which announcements were found, and which decoys were reported. truth.tsv says
only that an entry announces something, not what: "found" is a fact of confidence 0.5 or more, "body named" one whose
body stands in the entry (else the publisher was guessed, which on the rig is always wrong).
"""
import argparse, html as html_text, json, os, re, shutil, sqlite3, statistics, subprocess, sys, time

STAGES = "abc"
CONFIGURATION = """[store]
path = "gazetted.db"
[defaults]
backfill = "all"
[fetch]
allow_private = ["127.0.0.1:{port}"]
concurrency = {concurrency}
per_host_concurrency = {concurrency}
per_host_gap = "0s"
[mail]
from = "gazetted <gazetted@example.org>"
transport = "file"
file = {{ path = "outbox/" }}
{feeds}
[[digest]]
name = "Rig"
to = ["reader@example.org"]
"""


def arguments():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    a.add_argument("--gazetted", default=os.path.join(here, "../target/release/gazetted"))
    a.add_argument("--bare", help="without it gazetted is measured alone")
    a.add_argument("--rig", default=os.path.join(here, "../../shared/bench/rig"))
    a.add_argument("--feeds", type=int, default=1000)
    a.add_argument("--pairs", type=int, default=5)
    a.add_argument("--concurrency", type=int, default=16)
    a.add_argument("--port", type=int, default=8481)
    a.add_argument("--work", default="/tmp/gazetted-rig")
    a.add_argument("--only", default="cold,warm,changed,truth")
    a.add_argument("--json", help="write the figures to this file")
    return a.parse_args()


def run(command, cwd, log):
    """CPU seconds, wall seconds, peak memory in MB and the exit code of a command."""
    begun = time.time()
    with open(log, "ab") as out:
        process = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return {"cpu": used.ru_utime + used.ru_stime, "wall": time.time() - begun, "rss": used.ru_maxrss / 1024, "code": process.returncode}


def plain(markup):
    """The words of some HTML, apart by one space, in small letters."""
    return re.sub(r"\s+", " ", html_text.unescape(re.sub(r"<[^>]+>", " ", markup))).casefold()


class Rig:
    def __init__(self, a):
        self.a = a
        self.feeds = os.path.join(a.work, "feeds")
        self.figures = {}

    def generate(self, *more):
        command = [sys.executable, os.path.join(self.a.rig, "gen.py"), self.feeds, str(self.a.feeds), str(self.a.port), *more]
        print(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(), flush=True)

    def server(self, verb):
        command = ["sh", os.path.join(self.a.rig, "run.sh"), verb, str(self.a.port), self.feeds]
        return subprocess.run(command, check=verb != "stop", capture_output=True, text=True).stdout.strip()

    def configure(self, folder, urls):
        os.makedirs(folder, exist_ok=True)
        feeds = "".join(f'[[feed]]\nname = "f{i}"\nurl = "{url}"\n' for i, url in enumerate(urls))
        with open(os.path.join(folder, "gazetted.toml"), "w") as out:
            out.write(CONFIGURATION.format(port=self.a.port, concurrency=self.a.concurrency, feeds=feeds))

    def program(self, name):
        folder = os.path.join(self.a.work, name)
        log = os.path.join(self.a.work, name + ".log")
        if name == "gazetted":
            return run([os.path.abspath(self.a.gazetted), "--config", "gazetted.toml", "once"], folder, log)
        return run([os.path.abspath(self.a.bare), name[-1], os.path.join(self.feeds, "urls-xml.txt"), folder], folder, log)

    def measure(self, phase, names, pair):
        turned = names[pair % len(names):] + names[:pair % len(names)]
        for name in turned:
            before = int(self.server("requests") or 0)
            result = self.program(name)
            # The status page counts its own request.
            result["requests"] = int(self.server("requests") or 0) - before - 1
            self.figures.setdefault((phase, name), []).append(result)
            if result["code"] != 0:
                print(f"{phase} {name}: ended with {result['code']}; see {self.a.work}/{name}.log", flush=True)

    def pairs(self, names, urls):
        only = self.a.only.split(",")
        for pair in range(self.a.pairs):
            for name in names:
                folder = os.path.join(self.a.work, name)
                shutil.rmtree(folder, ignore_errors=True)
                os.makedirs(folder)
                if name == "gazetted":
                    self.configure(folder, urls)
            self.measure("cold", names, pair)
            if "warm" in only:
                self.measure("warm", names, pair)
            if "changed" in only:
                self.generate("--mutate", "1")
                self.measure("changed", names, pair)

    def table(self, names, count):
        median = lambda phase, name, what: statistics.median(r[what] for r in self.figures[phase, name])
        print(f"\n{'':22}{'CPU ms/feed':>12}{'least':>8}{'most':>8}{'RSS MB':>8}{'wall s':>8}{'requests':>10}{'against':>24}")
        for phase in ("cold", "warm", "changed"):
            for name in [n for n in names if (phase, n) in self.figures]:
                runs = [r["cpu"] * 1000 / count for r in self.figures[phase, name]]
                ratio = ""
                base = {"cold": "bare-c", "warm": "bare-a", "changed": "bare-c"}[phase]
                if name == "gazetted" and (phase, base) in self.figures:
                    ratio = f"{statistics.median(runs) / (median(phase, base, 'cpu') * 1000 / count):.2f} x {base}"
                print(f"{phase + ' ' + name:22}{statistics.median(runs):12.3f}{min(runs):8.3f}{max(runs):8.3f}{max(r['rss'] for r in self.figures[phase, name]):8.0f}"
                      f"{median(phase, name, 'wall'):8.2f}{median(phase, name, 'requests'):10.0f}{ratio:>24}")

    def truth(self):
        """Every announcement of the first revision found, no decoy reported."""
        folder = os.path.join(self.a.work, "truth")
        shutil.rmtree(folder, ignore_errors=True)
        urls = open(os.path.join(self.feeds, "urls.txt")).read().split()
        self.configure(folder, urls)
        result = run([os.path.abspath(self.a.gazetted), "--config", "gazetted.toml", "once"], folder, os.path.join(self.a.work, "truth.log"))
        db = sqlite3.connect(os.path.join(folder, "gazetted.db"))
        told = dict(db.execute("""SELECT feed.url || ' ' || entry.key, max(fact.confidence) FROM sighting JOIN entry ON entry.id = sighting.entry_id
            JOIN feed ON feed.id = entry.feed_id JOIN fact ON fact.id = sighting.fact_id GROUP BY entry.id"""))
        named = set()
        for url, key, body, title, html in db.execute("""SELECT feed.url, entry.key, fact.body, entry.title, entry.html FROM sighting
                JOIN entry ON entry.id = sighting.entry_id JOIN feed ON feed.id = entry.feed_id JOIN fact ON fact.id = sighting.fact_id
                WHERE fact.confidence >= 0.5"""):
            if body.casefold() in plain(f"{title} {html}"):
                named.add(f"{url} {key}")
        known = {f"{url} {key}": (title, html) for url, key, title, html in
                 db.execute("SELECT feed.url, entry.key, entry.title, entry.html FROM entry JOIN feed ON feed.id = entry.feed_id")}
        by_number = {int(re.search(r"feed-(\d+)\.", url).group(1)): url for url in urls}
        counts, wrong = {}, {"announcement": [], "decoy": []}
        for line in open(os.path.join(self.feeds, "truth.tsv")):
            feed, guid, kind = line.rstrip("\n").split("\t")
            found = [f"{by_number[int(feed)]} {key}" for key in (f"guid:{guid}", f"link:{guid}")]
            entry = next((f for f in found if f in known), None)
            sure = max((told.get(f, 0.0) for f in found), default=0.0)
            counts.setdefault(kind, [0, 0, 0, 0])
            counts[kind][0] += 1
            counts[kind][1] += sure >= 0.5
            counts[kind][2] += entry is None
            counts[kind][3] += any(f in named for f in found)
            if (sure >= 0.5) != (kind == "announcement"):
                wrong[kind].append(entry or found[0])
        others = [k for k, sure in told.items() if sure >= 0.5]
        print(f"\ntruth: exit code {result['code']}, {len(known)} entries, {len(others)} with facts")
        for kind, (all_, found, missing, right) in sorted(counts.items()):
            print(f"{kind}: {all_}, reported {found} ({100 * found / max(1, all_):.1f} %), body named {right} ({100 * right / max(1, all_):.1f} %), entry not stored {missing}")
        for kind, keys in wrong.items():
            for key in keys[:12]:
                title, html = known.get(key, ("?", ""))
                print(f"  {'missed' if kind == 'announcement' else 'false'}: {key.rsplit(' ', 1)[-1]} | {title[:80]}")
        return counts


def main():
    a = arguments()
    os.makedirs(a.work, exist_ok=True)
    rig = Rig(a)
    # The same feeds as at revision 0, whatever an earlier run changed.
    rig.generate()
    rig.server("stop")
    rig.server("start")
    try:
        urls = open(os.path.join(rig.feeds, "urls-xml.txt")).read().split()
        names = ["gazetted"] + ([f"bare-{stage}" for stage in STAGES] if a.bare else [])
        if a.only != "truth":
            rig.pairs(names, urls)
            rig.table(names, len(urls))
        if "truth" in a.only.split(","):
            rig.generate()
            rig.truth()
        if a.json:
            with open(a.json, "w") as out:
                json.dump({" ".join(k): v for k, v in rig.figures.items()}, out, indent=1)
    finally:
        rig.server("stop")


if __name__ == "__main__":
    main()
