#!/bin/bash
# What an operator would write to have a package verified, with Debian's programs: fetch the tar, hash it, unpack it, hash every file, let it appear, delete the tar.
#     operators-script.sh DESTINATION xxhsum|sha256sum LIST-FOR-THE-TAR LIST-FOR-THE-FILES ARGUMENTS-OF-RCLONE...
set -euo pipefail
destination=$1 sum=$2 tar_list=$3 file_list=$4
shift 4
scratch=$destination.part
mkdir --parents "$scratch/tree"
rclone copy --config "" --quiet "$@" "$scratch"
cd "$scratch"
"$sum" --check --quiet "$tar_list"
tar --extract --file ./*.tar --directory tree
cd tree
"$sum" --check --quiet "$file_list"
cd ..
mv tree "$destination"
rm ./*.tar
rmdir "$scratch"
