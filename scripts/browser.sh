# Sourced. Finds Chromium for the browser tests and exports its path as TILLIT_CHROMIUM. If there is none: as root it is
# installed, otherwise unpacked below var/ and started through a wrapper that finds its libraries and fonts there.
unpacked=var/chromium

find_browser() {
    local candidate
    for candidate in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$candidate"; then return; fi
    done
    if [ -x "$unpacked/start" ]; then
        echo "$PWD/$unpacked/start"
    fi
}

wrap_browser() {
    local folders
    folders=$(cd "$unpacked" && find lib usr/lib -name '*.so' -printf '$here/%h\n' -o -name '*.so.*' -printf '$here/%h\n' | sort -u | paste -sd:)
    cat >"$unpacked/start" <<WRAPPER
#!/bin/sh
here=\$(dirname "\$(readlink -f "\$0")")
LD_LIBRARY_PATH=$folders
FONTCONFIG_FILE=\$here/fonts.conf
export LD_LIBRARY_PATH FONTCONFIG_FILE
exec "\$here/usr/lib/chromium/chromium" "\$@"
WRAPPER
    cat >"$unpacked/fonts.conf" <<FONTS
<?xml version="1.0"?>
<fontconfig><dir>$PWD/$unpacked/usr/share/fonts</dir><cachedir>$PWD/$unpacked/font-cache</cachedir></fontconfig>
FONTS
    chmod +x "$unpacked/start"
}

TILLIT_CHROMIUM=${TILLIT_CHROMIUM:-$(find_browser)}
if [ -z "$TILLIT_CHROMIUM" ] && command -v apt-get >/dev/null; then
    echo "Fetching Chromium for the browser tests …"
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
    else
        bash scripts/debian-unpack.sh "$unpacked" chromium fonts-dejavu-core
        wrap_browser
    fi
    TILLIT_CHROMIUM=$(find_browser)
fi
if [ -z "$TILLIT_CHROMIUM" ]; then
    echo "The browser tests need Chromium: install your system's package of it" >&2
    exit 1
fi
export TILLIT_CHROMIUM
