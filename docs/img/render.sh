#!/usr/bin/env bash
# Makes the pictures in docs/img from real HTML mails: digest.png from the demo, quarter-*.png from a
# large digest of announcements that we made up, at 360 and 700 pixels, light and dark.
# Needs chromium (Debian: apt-get install chromium) and Python's Pillow.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gazetted() { cargo run --quiet --locked -- --config "$work/gazetted.toml" "$@" 2>/dev/null; }

# picture HTML PNG WIDTH HEIGHT [light|dark]: a page, cut behind its last line.
picture() {
  local dark=()
  [ "${5:-light}" = dark ] && dark=(--force-dark-mode --blink-settings=preferredColorScheme=0)
  chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile-$RANDOM" "${dark[@]}" \
    --window-size="$3,$4" --screenshot="$work/raw.png" "$1" 2>/dev/null
  python3 - "$work/raw.png" "$2" <<'PYTHON'
import sys
from PIL import Image
page = Image.open(sys.argv[1]).convert("RGB")
width, end = page.size
while end > 1 and all(page.getpixel((x, end - 1)) == page.getpixel((3, 3)) for x in range(0, width, 7)):
    end -= 1
page.crop((0, 0, width, min(page.size[1], end + 24))).quantize(64, dither=Image.Dither.NONE).save(sys.argv[2], optimize=True)
PYTHON
}

sed -e "s#\.\./\.\./target/demo/#$work/#" -e "s#file:feeds/#file:$PWD/config/demo/feeds/#" config/demo/gazetted.toml > "$work/gazetted.toml"
gazetted poll
gazetted digest --preview html > "$work/digest.html"
picture "$work/digest.html" docs/img/digest.png 720 3000

rm "$work/gazetted.db"
cp docs/img/quarter/gazetted.toml "$work/"
python3 docs/img/quarter/feeds.py "$work" before
gazetted once > "$work/told.txt"
python3 docs/img/quarter/feeds.py "$work" after
gazetted poll
gazetted digest --preview html > "$work/quarter.html"
for colours in light dark; do
  picture "$work/quarter.html" "docs/img/quarter-700-$colours.png" 700 5000 "$colours"
  picture "$work/quarter.html" "docs/img/quarter-360-$colours.png" 360 7000 "$colours"
done
