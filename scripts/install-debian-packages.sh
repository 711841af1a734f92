#!/bin/sh
# Installs those of the named Debian packages that are missing, for tests that start the real programs.
# Where that cannot be done (not Debian, not root, no network) it says so, and the tests that need them are skipped with their reasons.
set -eu

command -v dpkg-query >/dev/null || { echo "NOT DEBIAN: install by other means what tests ask for: $*" >&2; exit 0; }

missing=
for name in "$@"; do
  case $(dpkg-query --show --showformat '${db:Status-Status}' "$name" 2>/dev/null || true) in
    installed) ;;
    *) missing="$missing $name" ;;
  esac
done
[ -n "$missing" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "NOT ROOT: tests will be skipped until you run: sudo apt-get install$missing" >&2; exit 0; }

# Programs are wanted, not services: this keeps their packages from starting any.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
echo "installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word a package
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >&2 && exit 0

echo "COULD NOT INSTALL$missing: the tests that need them will be skipped" >&2
[ "${CI:-}" != true ]
