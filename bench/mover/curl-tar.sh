#!/bin/bash
# What a machine does easily: nothing is checked, nothing is synced.
#     curl-tar.sh DESTINATION ARGUMENTS-OF-CURL...
set -euo pipefail
destination=$1
shift
mkdir "$destination"
curl --silent --show-error --fail "$@" | tar --extract --directory "$destination"
