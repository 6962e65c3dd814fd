#!/usr/bin/env bash
# Installs the real parts that the tests talk to, from Debian's packages: Postfix, Dovecot,
# PostgreSQL as sites run it, ClamAV, strace, the browser Chromium, HylaFAX with soft modems. Without root or sudo it says what will be skipped.
set -euo pipefail

declare -A parts=(
    [/usr/sbin/postfix]=postfix
    [/usr/sbin/dovecot]=dovecot-imapd
    [/usr/lib/dovecot/lmtp]=dovecot-lmtpd
    [/usr/bin/strace]=strace
    [/usr/sbin/clamd]=clamav-daemon
    [/usr/bin/pg_lsclusters]=postgresql
    [/usr/bin/chromium]=chromium
    [/usr/sbin/faxq]=hylafax-server
    [/usr/bin/sendfax]=hylafax-client
    [/usr/bin/iaxmodem]=iaxmodem
    # For `make bench` alone: ocrmypdf, beside which pages are read, calls Tesseract's own program.
    [/usr/bin/tesseract]=tesseract-ocr
    [/usr/share/tesseract-ocr/5/tessdata/deu.traineddata]=tesseract-ocr-deu
    [/usr/share/tesseract-ocr/5/tessdata/osd.traineddata]=tesseract-ocr-osd
    [/usr/bin/gs]=ghostscript
)
# Its folder has the machine's name in it.
compgen -G "/usr/lib/*/libspandsp.so.2" >/dev/null || parts[/usr/lib/libspandsp.so.2]=libspandsp2

missing=()
for file in "${!parts[@]}"; do
    [ -e "$file" ] || missing+=("${parts[$file]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
    as_root="sudo -n"
    if ! sudo -n true 2>/dev/null; then
        echo "parts: no root and no sudo; tests with ${missing[*]} will be skipped" >&2
        exit 0
    fi
fi
if ! command -v apt-get >/dev/null; then
    echo "parts: no apt-get; tests with ${missing[*]} will be skipped" >&2
    exit 0
fi
echo "parts: installing ${missing[*]} from Debian's packages ..." >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# The services are started by the tests, on ports and folders of their own, never by the system.
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
