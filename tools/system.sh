#!/bin/sh
# Install the programs and libraries named as NAME=PACKAGE that this machine lacks, where that is
# allowed: on Debian or a relative of it, as root. Elsewhere change nothing: the tests that want one
# skip, and say how to get it.
#
#     sh tools/system.sh chromium=chromium libatomic.so.1=libatomic1
set -eu
PATH="$PATH:/usr/sbin:/sbin" # where ldconfig is

there() {
    case "$1" in
    lib*.so*) ! command -v ldconfig >/dev/null 2>&1 || ldconfig -p | grep -qF "$1" ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

packages=
for wanted in "$@"; do
    there "${wanted%%=*}" || packages="$packages ${wanted#*=}"
done
[ -n "$packages" ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Not installed:$packages. The tests that want them will skip and say how to get them."
    exit 0
fi

echo "Installing$packages ..."
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086  # the packages are separate words
if ! { apt-get update -qq &&
    apt-get install -qq -y --no-install-recommends -o Acquire::Retries=3 $packages >/dev/null; }; then
    echo "Could not install:$packages. The tests that want them will skip and say how to get them."
fi
