#!/bin/sh
# Asks a running installation whether it does what it should, from outside. Needs curl, nothing else.
#
#   smoke.sh                                     # the domains of this guide
#   smoke.sh https://app.example.com https://cpm.example.com none none
#   smoke.sh --local                             # http://127.0.0.1:3000 and :8000, as docker-compose.yml publishes them
#
# The four addresses are frontend, CPM, IM, SMM, in this order; `none` leaves one out. Or by variable: FRONTEND_URL,
# CPM_URL, IM_URL, SMM_URL. With API_KEY (scopes generate and jobs:read) a short text is asked for and waited for:
#   CLIENT=cincinnati-electrician   for which client (slug or id)
#   PROVIDER=…                      by which provider; left out: the installation's own choice
#   TIMEOUT=300                     how many seconds that may take
# It costs what a short product description costs.
#
# Prints a line per check. Ends with 0 when all passed, 1 when one failed.
set -u

case ${1:-} in
  -h | --help) sed -n '2,/^set -u/{/^set -u/d;s/^# \{0,1\}//p;}' "$0"; exit 0 ;;
  --local) set -- http://127.0.0.1:3000 http://127.0.0.1:8000 none none ;;
esac
frontend=${1:-${FRONTEND_URL:-https://hgcontent.com}}
cpm=${2:-${CPM_URL:-https://cpm.hgcontent.com}}
im=${3:-${IM_URL:-https://im.hgcontent.com}}
smm=${4:-${SMM_URL:-https://smm.hgcontent.com}}
frontend=${frontend%/} cpm=${cpm%/} im=${im%/} smm=${smm%/}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
passed=0
failed=0
pass() { passed=$((passed + 1)); printf 'pass  %s\n' "$*"; }
lose() { failed=$((failed + 1)); printf 'FAIL  %s\n' "$*"; }
note() { printf 'note  %s\n' "$*"; }

# ask URL [CURL OPTION…]: leaves the answer in $work/body, its headers in $work/headers (in lower case), sets $status.
ask() {
  url=$1
  shift
  : >"$work/body"
  : >"$work/raw"
  status=$(curl -sS --max-time 20 -o "$work/body" -D "$work/raw" -w '%{http_code}' "$@" "$url" 2>"$work/error") || status=000
  tr '[:upper:]' '[:lower:]' <"$work/raw" | tr -d '\r' >"$work/headers"
}
# What the last answer was, for people.
answer() { if [ "$status" = 000 ]; then tr '\n' ' ' <"$work/error"; else printf '%s %s' "$status" "$(head -c 200 "$work/body" | tr '\n' ' ')"; fi; }
# text FIELD: the first string of that name in the last answer.
text() { grep -oE "\"$1\":\"([^\"\\\\]|\\\\.)*\"" "$work/body" | head -n 1 | sed "s/^\"$1\":\"//; s/\"\$//"; }
number() { grep -oE "\"$1\":[0-9.]+" "$work/body" | head -n 1 | sed "s/^\"$1\"://"; }

# expect STATUS WHAT: whether the last answer had it.
expect() {
  if [ "$status" = "$1" ]; then pass "$2"; else lose "$2: expected $1, got $(answer)"; fi
}
# has HEADER PATTERN WHAT
has() {
  if grep -qE "^$1: .*$2" "$work/headers"; then pass "$3"; else lose "$3: $(grep "^$1:" "$work/headers" || echo "no $1")"; fi
}

versions=''
# health NAME BASE PATH
health() {
  ask "$2/health/live"
  expect 200 "$1 lives ($2)"
  ask "$2$3"
  state=$(text status)
  if [ "$status" = 200 ] && [ "$(text service)" = "$1" ]; then
    pass "$1 is $state (version $(text version))"
    versions="$versions $(text version)"
    [ "$state" = ok ] || note "$1: $(head -c 400 "$work/body")"
  else
    lose "$1 is not healthy: $(answer)"
  fi
}

here() { [ "$1" != none ]; }

if here "$frontend"; then
  health gateway "$frontend" /api/health
  ask "$frontend/" -H "Accept: text/html"
  case $status in 302 | 303 | 307) has location '/login' 'a stranger is sent to the login' ;; *) lose "a stranger is sent to the login: got $(answer)" ;; esac
  ask "$frontend/login"
  expect 200 'the login page answers'
  has content-type 'text/html' 'it is a page'
  has content-security-policy "default-src 'none'" 'with a content security policy'
  case $(grep '^content-security-policy:' "$work/headers") in
    '' | *unsafe-inline* | *unsafe-eval*) lose 'that allows nothing unsafe' ;;
    *) pass 'that allows nothing unsafe' ;;
  esac
  has x-content-type-options nosniff 'nosniff'
  has x-frame-options deny 'no frames'
  has referrer-policy '.' 'a referrer policy'
  case $frontend in
    https://*)
      has strict-transport-security 'max-age=[1-9]' 'strict transport security'
      ask "http://${frontend#https://}/login"
      case $status in 301 | 302 | 307 | 308) has location 'https://' 'http leads to https' ;; *) lose "http leads to https: got $(answer)" ;; esac
      ;;
  esac
  ask "$frontend/api/jobs"
  expect 401 'the API wants a session'
  ask "$frontend/api/jobs" -H 'x-user-id: 01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11'
  expect 401 'naming a user is no session'
fi

if here "$cpm"; then
  health cpm "$cpm" /health
  set -- -X POST -H 'Content-Type: application/json' -d '{"client_id":"nobody","content_type":"blog_post","topic":"Nothing"}'
  ask "$cpm/generate" "$@"
  expect 401 'CPM wants a key'
  ask "$cpm/generate" "$@" -H 'X-API-Key: hgc_000000000000000000000000000000000000'
  expect 401 'CPM refuses a wrong key'
  ask "$cpm/generate" "$@" -H 'x-user-id: 01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11'
  expect 401 'CPM refuses a bare x-user-id'
fi
if here "$im"; then
  health im "$im" /health
  ask "$im/generate-prompt" -X POST -H 'Content-Type: application/json' -d '{}'
  expect 401 'IM answers nobody but our services'
fi
if here "$smm"; then
  health smm "$smm" /health
  ask "$smm/clients" -H 'x-user-id: 01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11'
  expect 401 'SMM answers nobody but our services'
fi
# shellcheck disable=SC2086 # one version per line
if [ "$(printf '%s\n' $versions | sort -u | wc -l)" -gt 1 ]; then note "versions differ:$versions (during an upgrade that is as it should be)"; fi

if [ -n "${API_KEY:-}" ] && here "$cpm"; then
  # The key goes over standard input: arguments can be seen in the list of processes.
  with_key() { printf 'header = "X-API-Key: %s"\n' "$API_KEY" | curl -sS --max-time 30 -K - "$@" 2>"$work/error"; }
  provider=${PROVIDER:+"\"llm_provider\":\"$PROVIDER\","}
  request="{\"client_id\":\"${CLIENT:-cincinnati-electrician}\",\"content_type\":\"product_description\",$provider\"topic\":\"A smoke test of the content system\",\"length\":\"short\"}"
  status=$(with_key -X POST -H 'Content-Type: application/json' -H "Idempotency-Key: smoke-$$-$(date +%s)" -d "$request" -o "$work/body" -w '%{http_code}' "$cpm/generate") || status=000
  job=$(text job_id)
  if [ "$status" = 200 ] && [ -n "$job" ]; then
    pass "a text is asked for (job $job)"
    began=$(date +%s)
    state=pending
    while :; do
      with_key -o "$work/body" "$cpm/jobs/$job/status" && state=$(text status)
      case $state in completed | failed | cancelled) break ;; esac
      [ $(($(date +%s) - began)) -lt "${TIMEOUT:-300}" ] || break
      sleep 2
    done
    took=$(($(date +%s) - began))
    with_key -o "$work/body" "$cpm/jobs/$job" || :
    if [ "$state" = completed ]; then
      pass "it was written in $took s"
      printf '      title: %s\n      score: %s of 100\n      cost:  %s US dollars\n' "$(text title)" "$(number quality_score)" "$(text cost_usd)"
    else
      lose "it was not written: $state after $took s; $(text error_code) $(text error_message)"
    fi
  else
    lose "a text is asked for: $(answer)"
  fi
else
  note 'no API_KEY: no text was asked for'
fi

printf '\n%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
