#!/bin/sh
# Prints a folder with real FITS files: star catalogues from a Debian package, downloaded once and not installed.
set -eu

package=astrometry-data-tycho2-10-19-littleendian
cache=${E2E_CACHE:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/ccat_data_transfer}
files=$cache/$package

if [ ! -d "$files" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/unpack-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  {
    apt-cache show "$package" >/dev/null 2>&1 || apt-get update -qq
    (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package")
    dpkg -x "$work"/*.deb "$work/tree"
  } >&2
  mv "$work/tree" "$files"
fi
echo "$files"
