#!/usr/bin/env bash
# infra/smoke.sh staging|production [--dry-run]
#   Looks at a deployed stack from outside, as a browser, a program and an operator would. At most 100 requests.
#   SMOKE_URL      the API, such as https://api.example.com (else from the stack's parameters)
#   SMOKE_ADDRESS  your own address, which may come in: for signing in
#   SMOKE_KEY      a file with an API key of a tenant for tests, with the scopes messages:write and messages:read
#   SMOKE_MAILBOX  that tenant's mailbox
# What is not given is said to be left out, and counts as failed in production.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage() { sed -n '2,8s/^# //p' "$0" >&2; exit 2; }
arguments "$@"
need aws curl jq openssl

failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Only the shell's own process reads the key; it stands in no argument.
auth=$work/auth
(umask 077; : >"$auth")
if [[ -n ${SMOKE_KEY:-} ]]; then
    [[ -f $SMOKE_KEY ]] || die "there is no file $SMOKE_KEY"
    printf 'header = "X-API-Key: %s"\n' "$(head -1 "$SMOKE_KEY")" >"$auth"
fi
origin=$([[ $stage == production ]] && echo https://replymint.vercel.app || echo https://replymint-staging.vercel.app)
url=${SMOKE_URL:-https://$(ask domain aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Parameters[?ParameterKey=='DomainName'].ParameterValue | [0]" --output text)}

good() { echo "${dry:+(not tried) }ok      $1"; }
bad() { echo "FAILED  $1"; failed=$((failed + 1)); }
left() { if [[ $stage == production ]]; then bad "$1: $2 is not given"; else echo "left    $1: $2 is not given"; fi }

# fetch CURL-ARGUMENTS...: the status; the answer's head and body are left in the work folder.
fetch() {
    if [[ -n $dry ]]; then shown curl "$@" >&2; echo 000; return; fi
    curl --silent --show-error --max-time 40 --dump-header "$work/head" --output "$work/body" --write-out '%{http_code}' "$@" || echo 000
}
has() { [[ -n $dry ]] || tr -d '\r' <"$work/head" | grep -qix "$1"; }
is() { [[ -n $dry || $1 == "$2" ]]; }

every_answer() {
    has 'x-content-type-options: nosniff' && has 'x-frame-options: DENY' && has 'x-xss-protection: 1; mode=block' && has 'referrer-policy: strict-origin-when-cross-origin' \
        && has 'permissions-policy: .*geolocation=().*' && has 'strict-transport-security: .*' && has "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

preflight() {
    local path status
    for path in / /api/v1/me /webhooks/mailgun/inbound; do
        status=$(fetch -X OPTIONS -H "Origin: $origin" -H 'Access-Control-Request-Method: POST' "$url$path")
        if is "$status" 204 && has "access-control-allow-origin: $origin" && has 'access-control-allow-methods: GET, POST, PUT, DELETE, OPTIONS' && has 'access-control-max-age: 300' && every_answer
        then good "preflight of $path"; else bad "preflight of $path: $status"; fi
    done
    status=$(fetch -H "Origin: $origin" "$url/health")
    if is "$status" 200 && every_answer; then good "health"; else bad "health: $status"; fi
}

filtered() {
    local status
    status=$(fetch "$url/health?file=../../../../etc/passwd")
    if is "$status" 403 && has 'content-type: application/problem+json' && every_answer; then good "refused by the WAF with 403"; else bad "the WAF: $status"; fi
}

too_many() {
    local status i
    for i in $(seq 1 45); do
        status=$(fetch -X POST -H 'Content-Type: application/json' --data '{"token":"none","verifier":"0000000000000000000000000000000000000000000"}' "$url/api/v1/sign-in/complete")
        [[ $status == 429 || -n $dry ]] && break
    done
    if is "$status" 429 && has 'retry-after: .*' && every_answer; then good "too many requests: 429"; else bad "45 requests to sign in: $status"; fi
}

sign_in() {
    [[ -n ${SMOKE_ADDRESS:-} || -n $dry ]] || { left "signing in" SMOKE_ADDRESS; return; }
    local verifier challenge status link token
    verifier=$(openssl rand -base64 48 | tr '+/' '-_' | tr -d '=\n')
    challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=\n')
    jq -n --arg address "${SMOKE_ADDRESS:-}" --arg challenge "$challenge" '{address: $address, challenge: $challenge}' >"$work/wish"
    status=$(fetch -X POST -H 'Content-Type: application/json' --data "@$work/wish" "$url/api/v1/sign-in")
    is "$status" 202 || { bad "asking to sign in: $status"; return; }
    [[ -n $dry ]] && { shown curl -X POST "$url/api/v1/sign-in/complete"; good "signing in"; return; }
    read -r -s -p "A mail is on its way to $SMOKE_ADDRESS. Paste its link: " link || link=
    echo
    token=${link##*#}
    jq -n --arg token "${token##*=}" --arg verifier "$verifier" '{token: $token, verifier: $verifier}' >"$work/proof"
    status=$(fetch -X POST -H 'Content-Type: application/json' --data "@$work/proof" "$url/api/v1/sign-in/complete")
    if is "$status" 200; then good "signing in"; else bad "signing in: $status"; fi
}

one_mail() {
    [[ -n ${SMOKE_KEY:-} && -n ${SMOKE_MAILBOX:-} || -n $dry ]] || { left "one mail" "SMOKE_KEY or SMOKE_MAILBOX"; return; }
    local status id state i
    printf 'From: Smoke <smoke@example.com>\r\nTo: %s\r\nSubject: smoke %s\r\nMessage-ID: <smoke-%s@example.com>\r\nDate: %s\r\n\r\nWhen are you open?\r\n' \
        "${SMOKE_MAILBOX:-}" "$(now)" "$(openssl rand -hex 8)" "$(date -uR)" >"$work/mail"
    status=$(fetch -X POST --config "$auth" -H 'Content-Type: message/rfc822' --data-binary "@$work/mail" "$url/api/v1/messages?to=${SMOKE_MAILBOX:-}&from=smoke@example.com")
    is "$status" 202 || is "$status" 201 || is "$status" 200 || { bad "handing a mail over: $status"; return; }
    [[ -n $dry ]] && { good "one mail"; return; }
    id=$(jq -r .id "$work/body")
    for i in $(seq 1 30); do
        status=$(fetch --config "$auth" "$url/api/v1/messages/$id")
        state=$(jq -r '.state // empty' "$work/body")
        [[ $status == 200 && -n $state && $state != received && $state != new ]] && { good "one mail: $state"; return; }
        sleep 2
    done
    bad "one mail: it is not decided after a minute ($status, ${state:-no state})"
}

rotation() {
    local error
    error=$(ask none aws lambda invoke --function-name "replymint-$stage-rotate" --cli-binary-format raw-in-base64-out \
        --payload "{\"version\":\"0\",\"source\":\"aws.events\",\"detail-type\":\"Scheduled Event\",\"resources\":[],\"detail\":{},\"time\":\"$(now)\"}" \
        --query FunctionError --output text "$work/rotated")
    if [[ -n $dry || $error == None ]]; then good "rotation"; else bad "rotation: $error"; fi
}

dead_letter() {
    local queue state i message
    queue=$(ask queue aws sqs get-queue-url --queue-name "replymint-$stage-calls-dead" --query QueueUrl --output text)
    quietly aws sqs send-message --queue-url "$queue" --message-body '{"smoke":true}'
    for i in $(seq 1 24); do
        state=$(ask ALARM aws cloudwatch describe-alarms --alarm-names "replymint-$stage-dead-letters" --query 'MetricAlarms[0].StateValue' --output text)
        [[ -n $dry || $state == ALARM ]] && break
        sleep 15
    done
    message=$(ask receipt aws sqs receive-message --queue-url "$queue" --wait-time-seconds 5 --query "Messages[?Body=='{\"smoke\":true}'].ReceiptHandle | [0]" --output text)
    run aws sqs delete-message --queue-url "$queue" --receipt-handle "$message"
    if [[ -n $dry || $state == ALARM ]]; then good "a dead letter raises an alarm"; else bad "a dead letter: the alarm is ${state:-unknown} after six minutes"; fi
}

restore() {
    local copy
    copy=replymint-$stage-smoke-$(date -u +%Y%m%d%H%M)
    if quietly aws dynamodb restore-table-to-point-in-time --source-table-name "replymint-$stage-audit" --target-table-name "$copy" --use-latest-restorable-time \
        && run aws dynamodb wait table-exists --table-name "$copy" \
        && [[ $(ask head aws dynamodb get-item --table-name "$copy" --consistent-read --key '{"p":{"S":"installation"},"s":{"S":"head"}}' --query Item.s.S --output text) == *head* ]]
    then good "restore"; else bad "restore: see $copy"; fi
    quietly aws dynamodb update-table --table-name "$copy" --no-deletion-protection-enabled || true
    quietly aws dynamodb delete-table --table-name "$copy" || bad "the table $copy is still there"
}

preflight
filtered
sign_in
one_mail
rotation
dead_letter
restore
# The last: afterwards this network has to wait a while before it may sign in again.
too_many
((failed == 0)) || die "$failed failed"
[[ -n $dry ]] || echo "All of it works."
