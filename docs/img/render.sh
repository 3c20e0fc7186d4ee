#!/usr/bin/env bash
# Makes docs/img/digest.png from the demo's real HTML mail. Needs chromium (Debian: apt-get install chromium).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -e "s#\.\./\.\./target/demo/#$work/#" -e "s#file:feeds/#file:$PWD/config/demo/feeds/#" config/demo/gazetted.toml > "$work/gazetted.toml"
cargo run --quiet -- --config "$work/gazetted.toml" poll
cargo run --quiet -- --config "$work/gazetted.toml" digest --preview html > "$work/digest.html"
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync --hide-scrollbars --user-data-dir="$work/profile" \
  --window-size="${WIDTH:-720},${HEIGHT:-1690}" --screenshot="$PWD/${1:-docs/img/digest.png}" "$work/digest.html" 2>/dev/null
