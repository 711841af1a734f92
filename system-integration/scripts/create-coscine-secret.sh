#!/bin/sh
# Makes the Secret with the token for Coscine, or replaces it. The token is asked for without being shown, or read from standard
# input (infisical secrets get ... --plain | make create-coscine-secret). It is never part of a command, of a file, or of a shell's history.
set -eu

secret=coscine-api-token-secret
key=CCAT_DATA_TRANSFER_COSCINE_API_TOKEN

if [ -t 0 ]; then
  trap 'stty echo' EXIT
  trap 'exit 130' INT TERM
  printf 'Token for Coscine (not shown): ' >&2
  stty -echo
  IFS= read -r token || token=
  stty echo
  trap - EXIT INT TERM
  printf '\n' >&2
else
  IFS= read -r token || [ -n "$token" ] || token=
fi

case $token in
'')
  echo "error: no token was given; nothing was changed" >&2
  exit 2
  ;;
*[![:graph:]]*)
  echo "error: what was given has spaces or control characters in it, so it is no token; nothing was changed" >&2
  exit 2
  ;;
esac

echo "kubectl create secret generic $secret --from-file=$key=/dev/stdin -n $NAMESPACE --dry-run=client -o yaml | kubectl apply -f -" >&2
# printf is part of the shell: no process has the token among its arguments.
printf '%s' "$token" |
  kubectl create secret generic "$secret" --from-file="$key=/dev/stdin" -n "$NAMESPACE" --dry-run=client -o yaml |
  kubectl apply -n "$NAMESPACE" -f -

echo "Workers read it when they start: kubectl rollout restart deployment/$RELEASE-data-managers -n $NAMESPACE" >&2
