# helper - what every Bats file starts with: load helper
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BUILD=${SN_BUILD:-$ROOT/build}
# shellcheck disable=SC2034 # for the tests
BROKEN=$ROOT/tests/broken
SHARED=${SN_SHARED:-$ROOT/../shared}
export PATH=$BUILD/bin:$PATH LC_ALL=C SN_NO_HISTORY=1
unset SN_ISA
# What a test makes has nothing to do with the make that runs the tests, whose job pipe is closed here.
unset MAKEFLAGS MFLAGS MAKELEVEL

# need_data NAME.tar.xz: unpack it (once a test) and print the folder, or skip.
need_data() {
	[ -f "$SHARED/data/$1" ] || skip "$SHARED/data/$1 is absent"
	mkdir -p "$BATS_TEST_TMPDIR/data"
	tar -C "$BATS_TEST_TMPDIR/data" -xJf "$SHARED/data/$1"
}

# need_terminal: a pseudo-terminal can be made here, or skip.
need_terminal() {
	script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "no pseudo-terminal can be made here"
}

# json_stream FILE: JSON lines on standard input (as sn-cat -t prints them) -> a stream.
json_stream() {
	sn-cat --from-json -o "$1" -
}

# embeddings FILE "LABEL|-" "[x,y]"...: a stream of items whose x are f4 embeddings: embeddings f a [0,0] b [3,4]
embeddings() {
	local file=$1 n=0
	shift
	{
		echo '{"sn":1,"kind":"items"}'
		while [ $# -gt 0 ]; do
			local label="\"$1\""
			[ "$1" != - ] || label=null
			echo "{\"item\":$n,\"key\":\"k$n\",\"label\":$label,\"x\":{\"type\":\"<f4\",\"data\":$2}}"
			n=$((n + 1))
			shift 2
		done
		echo "{\"end\":$n}"
	} | json_stream "$file"
}

# picture FILE.pgm W H VALUE: a plain grey picture.
picture() {
	{
		printf 'P5\n%d %d\n255\n' "$2" "$3"
		head -c $(($2 * $3)) /dev/zero | tr '\0' "\\$(printf %o "$4")"
	} >"$1"
}

# diseases: the broken streams of tests/broken and the words that are said of them, separated by a tab.
diseases() {
	sed -nE 's/^\| `([^`]+\.sn)` \|.*[^\\]\| (.*) \|$/\1\t\2/p' "$BROKEN/README.md" | sed 's/\\|/|/g'
}
