#!/usr/bin/env bash
# The scan of action.yml: install imgscan, scan, write SARIF, the job's summary and the step's outputs.
#
# Inputs come as INPUT_…, see action.yml; the rest is the runner's: RUNNER_TEMP, GITHUB_ACTION_PATH, GITHUB_OUTPUT,
# GITHUB_STEP_SUMMARY. Exits with imgscan's exit code: 0 nothing found, 1 findings, 2 could not run or incomplete; also
# 2 if an input is wrong or imgscan cannot be installed.
#
# Inputs are treated as hostile: none is evaluated, each is one quoted word, targets come after `--`, and Python runs
# with -I, so that no module in the scanned repository can shadow a standard one.
# Written for bash 3.2, which macOS has.
set -euo pipefail
unset PYTHONPATH PYTHONHOME # pip's child processes, which build the package, do not run with -I

work=
ended=
finish() { # if anything stops this script early, do not exit with 1: that means findings
  if [ -n "$work" ]; then
    rm -rf "$work"
  fi
  if [ -z "$ended" ]; then
    exit 2
  fi
}
trap finish EXIT

output() { # name, value without line breaks
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
  fi
}

refuse() { # a fixed sentence: an input in it could contain commands for the runner
  printf '::error title=imgscan::%s\n' "$1"
  output exit-code 2
  exit 2
}

single() { # a value and the input's name: one line, no control characters
  case $1 in
    *[[:cntrl:]]*) refuse "The input $2 must be one line." ;;
  esac
}

lines=()
read_lines() { # text: fills `lines` with its lines, stripped
  lines=()
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line#"${line%%[![:space:]]*}"}
    line=${line%"${line##*[![:space:]]}"}
    if [ -n "$line" ]; then
      lines+=("$line")
    fi
  done <<<"$1"
}

kind=${INPUT_KIND:-image}
version=${INPUT_VERSION:-}
python=${INPUT_PYTHON:-python3}
temporary=${RUNNER_TEMP:?the runner sets it}
sarif=${INPUT_SARIF_FILE:-$temporary/imgscan.sarif}
single "$sarif" sarif-file
single "${INPUT_FAIL_ON:-}" fail-on
single "${INPUT_BASELINE:-}" baseline

case $kind in
  image | fs) ;;
  *) refuse "The input kind must be image or fs." ;;
esac
if [[ ! $version =~ ^[0-9A-Za-z.+!_-]*$ ]]; then
  refuse "The input version must be a version, such as 1.2.3."
fi
if [ -d "$sarif" ]; then
  refuse "The input sarif-file names a folder."
fi

read_lines "${INPUT_TARGET:-}"
if [ ${#lines[@]} -eq 0 ]; then
  refuse "The input target is empty."
fi
targets=("${lines[@]}")

options=()
if [ -n "${INPUT_FAIL_ON:-}" ]; then
  options+=("--fail-on=$INPUT_FAIL_ON")
fi
if [ -n "${INPUT_BASELINE:-}" ]; then
  options+=("--baseline=$INPUT_BASELINE")
fi
read_lines "${INPUT_ARGS:-}"
for line in ${lines[@]+"${lines[@]}"}; do
  case $line in
    --show-secrets*) refuse "The action does not accept --show-secrets: logs and reports are kept and shared." ;;
    --) refuse "The input args takes only options: put targets in the input target." ;;
  esac
  options+=("$line")
done

# One environment for each version: a second use in the same job finds it.
environment=$temporary/imgscan-${version:-action}
if [ ! -e "$environment/.ready" ]; then
  printf '::group::Install imgscan\n'
  if [ -n "$version" ]; then
    what=imgscan==$version
  else
    what=${GITHUB_ACTION_PATH:?the runner sets it}
  fi
  if "$python" -I -m venv --clear "$environment"; then
    bin=$environment/bin
    [ -d "$bin" ] || bin=$environment/Scripts
    if "$bin/python" -I -m pip install --quiet --disable-pip-version-check "$what"; then
      : >"$environment/.ready"
    fi
  fi
  printf '::endgroup::\n'
  if [ ! -e "$environment/.ready" ]; then
    refuse "imgscan cannot be installed: see the log. It needs Python 3.11 or newer with venv (the input python)."
  fi
fi
bin=$environment/bin
[ -d "$bin" ] || bin=$environment/Scripts

# The reports go to a new folder first, so that what is there afterwards is from this scan.
work=$(mktemp -d "$temporary/imgscan-reports.XXXXXX")
code=0
"$bin/python" -I -m imgscan "$kind" --no-progress -f text -f sarif -o "$work/sarif" -f markdown -o "$work/summary" \
  -f json -o "$work/json" ${options[@]+"${options[@]}"} -- "${targets[@]}" || code=$?

if [ -e "$work/summary" ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
  cat "$work/summary" >>"$GITHUB_STEP_SUMMARY"
fi
if [ -e "$work/json" ]; then
  output findings "$("$bin/python" -I -c '
import json
import sys

with open(sys.argv[1], "rb") as file:
    targets = json.load(file)["targets"]
print(sum(finding["status"] != "baseline" for target in targets for finding in target["findings"]))
' "$work/json")"
fi
if [ -e "$work/sarif" ]; then
  case $sarif in
    */*) mkdir -p -- "${sarif%/*}/" || refuse "The SARIF report cannot be written." ;;
  esac
  mv -f -- "$work/sarif" "$sarif" || refuse "The SARIF report cannot be written."
  output sarif "$sarif"
fi
output exit-code "$code"
ended=1
exit "$code"
