# Sourced. Finds Chromium for the browser tests and exports TILLIT_CHROMIUM; as root on Debian installs it if missing.
find_browser() {
    for candidate in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$candidate"; then return; fi
    done
    return 1
}

TILLIT_CHROMIUM=${TILLIT_CHROMIUM:-$(find_browser || true)}
if [ -z "$TILLIT_CHROMIUM" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests …"
    DEBIAN_FRONTEND=noninteractive apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    TILLIT_CHROMIUM=$(find_browser || true)
fi
if [ -z "$TILLIT_CHROMIUM" ]; then
    echo "The browser tests need Chromium. Have an administrator run: apt-get install chromium" >&2
    exit 1
fi
export TILLIT_CHROMIUM
