#!/bin/bash
# Makes a base for the Containerfile where no registry of images can be reached: make-base.sh TOOL NAME, where TOOL is docker,
# podman or buildah. On Debian, from Node (npm package `node`), npm, and packages that this machine has installed.
set -euo pipefail
tool=$1 name=$2
cd "$(dirname "$0")/../.."

# What is in it besides Node: libraries that Node and nc are linked with, a shell, small programs, nc, authorities. The shell is
# not busybox's, to which `nc` is always its own.
packages=(base-files libc6 libgcc-s1 libstdc++6 libbsd0 libmd0 dash busybox-static netcat-openbsd ca-certificates)
# Only for the build: the one that this Node is delivered with.
npm=npm@11.19.0

command -v dpkg-query >/dev/null || { echo "error: a base is made from Debian's packages, and this is not Debian" >&2; exit 2; }
missing=$(for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || printf ' %s' "$package"
done)
[ -z "$missing" ] || { printf 'error: the base needs%s\ntry: sudo apt-get install%s\n' "$missing" "$missing" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
umask 022
mkdir -p "$root"/{dev,etc/ssl/certs,proc,root,run,sys,usr/{bin,lib,lib64,sbin},usr/local/{bin,lib/node_modules},var/{lib/dpkg,tmp}} "$root/tmp"
for folder in bin lib lib64 sbin; do ln -s usr/$folder "$root/$folder"; done
chmod 1777 "$root/tmp" "$root/var/tmp"

# Their files, without manuals; each package's copyright goes along.
for package in "${packages[@]}"; do
  dpkg-query -L "$package" | while read -r file; do
    case $file in
      /usr/share/doc/*/copyright) ;;
      /usr/share/doc/* | /usr/share/man/* | /usr/share/info/* | /usr/share/locale/* | /usr/share/lintian/* | /usr/share/bug/*) continue ;;
    esac
    if [ -f "$file" ] || [ -L "$file" ] && [ ! -d "$file" ]; then echo "${file#/}"; fi
  done
done >"$work/files"
tar -C / -cf - --no-recursion -T "$work/files" | tar -C "$root" -xf - --keep-directory-symlink --no-same-owner
for package in "${packages[@]}"; do dpkg-query -s "$package"; echo; done >"$root/var/lib/dpkg/status"

# Debian's authorities alone: this machine may trust others.
cat /usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
ln -sf dash "$root/bin/sh"
for applet in $("$root/bin/busybox" --list); do
  # nc is netcat-openbsd's: busybox's does not know -v.
  [ "$applet" = nc ] || [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
done

install -m 755 node_modules/node/bin/node "$root/usr/local/bin/node"
npm pack --silent --pack-destination "$work" "$npm" >/dev/null
mkdir "$root/usr/local/lib/node_modules/npm"
tar -xzf "$work"/npm-*.tgz -C "$root/usr/local/lib/node_modules/npm" --strip-components=1 --no-same-owner
chmod -R a+rX,go-w "$root/usr/local"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"

mkdir "$work/context"
tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$work/context/base.tar" .
printf 'FROM scratch\nADD base.tar /\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' >"$work/context/Containerfile"
reproducible=()
[ "$tool" = docker ] || reproducible=(--timestamp 0)
"$tool" build --quiet "${reproducible[@]}" --file "$work/context/Containerfile" --tag "$name" "$work/context" >/dev/null
