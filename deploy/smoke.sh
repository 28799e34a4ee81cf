#!/bin/sh
# Says in a few seconds whether a deployment works.
set -eu

usage() {
    cat <<'END'
Usage: smoke.sh URL [TOKEN]

Asks the profilegate at URL, as a user if there is an access token; "-" reads the token from standard input, which
keeps it out of the list of processes. Prints a line for each check. The exit status is 0 when all passed, else 1.
A user without a profile gets one.
END
}

case ${1-} in
-h | --help) usage && exit ;;
http://?* | https://?*) ;;
*) usage >&2 && exit 1 ;;
esac

url=${1%/}
token=${2-}
[ "$token" != - ] || read -r token || [ -n "$token" ]
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
credential=
failed=0

# ask ADDRESS [CURL'S OPTIONS]: leaves $status, and head and body of the answer. The token goes through a pipe.
ask() {
    address=$1
    shift
    : >"$answer"
    status=$(printf '%s\n' "$credential" | curl --disable --config - --silent --max-time 5 "$@" \
        --include --output "$answer" --write-out '%{http_code}' "$address") || status="none (curl: $?)"
}

# A header of the answer.
header() {
    tr -d '\r' <"$answer" | sed -n "s/^$1: //p"
}

# matches PATTERN, or !PATTERN for an answer without it.
matches() {
    case $1 in
    !*) ! grep -qi "${1#!}" "$answer" ;;
    *) grep -qi "$1" "$answer" ;;
    esac
}

# check TEXT STATUS PATTERN: one line.
check() {
    if [ "$status" = "$2" ] && matches "$3"; then
        echo "ok    $1"
    else
        echo "FAIL  $1; the answer was $status"
        failed=1
    fi
}

ask "$url/health"
check "it runs" 200 '"healthy"'

ask "$url/ready"
check "its database answers and is migrated" 200 '"ready"'

ask "$url/api/profile"
check "without a token nobody gets in, and is told how" 401 '^www-authenticate:'

# Where it is stands in the challenge; asked is the deployment at URL, whatever its public name.
place=$(sed -n 's|.*resource_metadata="[a-z]*://[^/"]*\([^"]*\)".*|\1|p' "$answer")
ask "$(echo "$url" | cut -d/ -f1-3)${place:-/.well-known/oauth-protected-resource}"
check "its metadata names a provider" 200 '"authorization_servers":\["'

ask "$url/api/profile" --header "Origin: https://stranger.invalid"
check "pages of strange origins may not read it" 401 '!^access-control-allow-origin:'

if [ -n "$token" ]; then
    credential="header = \"Authorization: Bearer $token\""
    ask "$url/api/profile"
    check "the token's user gets a profile" 200 '^etag:'
    ask "$url/api/profile" --header "If-None-Match: $(header '[Ee][Tt]ag')"
    check "and no second copy of it" 304 '^etag:'
fi

exit "$failed"
