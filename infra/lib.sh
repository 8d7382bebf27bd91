# Sourced by the scripts of this folder. What they ask of AWS goes by the AWS CLI, under whatever role is at hand.

me=$(basename "$0")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dry=
export AWS_PAGER=

die() { echo "$me: $*" >&2; exit 1; }

need() {
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || die "the command $command is missing"
    done
}

# Takes the stage from the arguments, and --dry-run wherever it stands; the others are left in "rest".
arguments() {
    rest=()
    local argument
    for argument in "$@"; do
        if [[ $argument == --dry-run ]]; then dry=yes; else rest+=("$argument"); fi
    done
    stage=${rest[0]:-}
    [[ $stage == staging || $stage == production ]] || usage
    rest=("${rest[@]:1}")
    stack=replymint-$stage
}

shown() { printf '+'; printf ' %q' "$@"; echo; }

# Does something; with --dry-run it is only shown.
run() { if [[ -n $dry ]]; then shown "$@"; else "$@"; fi }

# The same of what prints something that nobody needs.
quietly() { if [[ -n $dry ]]; then shown "$@"; else "$@" >/dev/null; fi }

# ask NAME COMMAND...: prints what AWS answers; with --dry-run the command is shown, and NAME stands for the answer.
ask() {
    local name=$1; shift
    if [[ -n $dry ]]; then
        shown "$@" >&2
        echo "<$name>"
    else
        "$@"
    fi
}

output() { ask "$1" aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue | [0]" --output text; }

# Whoever means it types the name again.
confirm() {
    [[ -n $dry ]] && { echo "(here \"$1\" has to be typed)"; return 0; }
    local typed
    read -r -p "$2 Type $1 to go on: " typed || typed=
    [[ $typed == "$1" ]] || die "nothing was changed"
}

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
