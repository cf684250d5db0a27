load helper

# What all programs share on the command line, for every program that was built.

programs() {
	local p
	for p in "$BUILD"/bin/sn-*; do
		[ ! -x "$p" ] || echo "${p##*/}"
	done
}

# refused PROGRAM ARG...: exit 2, one line on stderr that names the program, nothing on stdout.
refused() {
	run --separate-stderr "$@" </dev/null
	[ "$status" -eq 2 ] && [ -z "$output" ] && [[ $stderr == "$1: "* && $stderr != *$'\n'* ]] && return
	echo "$*: exit status $status, standard output '$output', standard error:" "$stderr"
	return 1
}

# options PROGRAM: its long options, a line each: "--name" or "--name ARGUMENT" or "--name [=ARGUMENT]"
options() {
	"$1" -h | sed -nE '/^options:$/,$ s/^  (-.,|   ) (--[a-z0-9-]+)(\[=[^]]*\]| [^ ]+)?(  .*)?$/\2 \3/p'
}

# page PROGRAM: its man page as plain text without broken lines
page() {
	mandoc -T ascii -O width=1000 "$ROOT/man/$1.1" | sed $'s/.\b//g'
}

@test "cli: there are programs to test" {
	[ "$(programs | wc -l)" -gt 0 ]
}

@test "cli: -h and --help print usage, options and an example" {
	for p in $(programs); do
		echo "$p"
		for o in -h --help; do
			run -0 --separate-stderr "$p" $o </dev/null
			[ -z "$stderr" ]
			[[ ${lines[0]} == "usage: $p"* ]]
			[[ $output == *$'\noptions:\n'*$'\nexample: '*"$p"* ]]
		done
		[ -n "$(options "$p")" ]
	done
}

@test "cli: the usage fits a terminal" {
	for p in $(programs); do
		echo "$p"
		run -1 bash -c "$p -h | grep -v '^example: ' | grep -nE '.{101,}'"
	done
}

@test "cli: -V prints version, stream format, BLAS and instruction set" {
	for p in $(programs); do
		echo "$p"
		for o in -V --version; do
			run -0 --separate-stderr "$p" $o </dev/null
			[ -z "$stderr" ]
			[[ ${lines[0]} =~ ^$p\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
			[ "${lines[1]}" = "stream format 1" ]
			[[ ${lines[2]} == "BLAS: "* ]]
			[[ ${lines[3]} == "instruction set: "* ]]
		done
	done
}

@test "cli: -h and -V fail where they cannot be written" {
	for p in $(programs); do
		echo "$p"
		run ! bash -c "$p -h >/dev/full"
		run ! bash -c "$p -V >/dev/full"
		run ! bash -c "$p -h >&-"
	done
}

@test "cli: unknown options are refused" {
	for p in $(programs); do
		refused "$p" --no-such-option
		refused "$p" --no-such-option=3
		refused "$p" -@
		refused "$p" $'--two\nlines'
	done
}

@test "cli: a refused command line leaves an existing output alone" {
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here"
	echo old >out
	for p in $(programs); do
		! options "$p" | grep -q '^--output ' || refused "$p" -o out --no-such-option
	done
	[ "$(cat out)" = old ]
	[ "$(ls -A)" = out ]
}

@test "cli: an option that wants a value is refused without one" {
	for p in $(programs); do
		while read -r o argument; do
			case $argument in
			'' | '['*) ;;
			*) refused "$p" "$o" ;;
			esac
		done < <(options "$p")
	done
}

@test "cli: an option that wants none is refused with one" {
	for p in $(programs); do
		while read -r o argument; do
			[ -n "$argument" ] || refused "$p" "$o=1"
		done < <(options "$p")
		refused "$p" --help=1
	done
}

@test "cli: numbers are numbers" {
	for p in $(programs); do
		while read -r o argument; do
			for v in 12x '' ' 1' nan 0x10 1e999 1,5; do
				case $argument in
				N | '[=N]' | X) refused "$p" "$o=$v" ;;
				WxH) refused "$p" "$o=$v" && refused "$p" "$o=28x" && refused "$p" "$o=0x28" ;;
				esac
			done
			! [ "$argument" = N ] || refused "$p" "$o=99999999999999999999"
			! [ "$argument" = N ] || refused "$p" "$o=-1"
		done < <(options "$p")
	done
}

@test "cli: choices are among those that are said" {
	for p in $(programs); do
		while read -r o argument; do
			[ "$argument" != NAME ] || refused "$p" "$o" no-such-name
		done < <(options "$p")
	done
}

@test "cli: threads and seed mean the same in every program" {
	for p in $(programs); do
		echo "$p"
		help=$("$p" -h)
		! grep -q -- '-j, ' <<<"$help" || grep -q -- '^  -j, --threads N .*\[0\]$' <<<"$help"
		! grep -q -- '-s, ' <<<"$help" || grep -q -- '^  -s, --seed N .*\[1\]$' <<<"$help"
		! grep -q -- '--threads' <<<"$help" || for v in 12x -1 '' 1025; do refused "$p" -j "$v"; done
		! grep -q -- '--seed' <<<"$help" || for v in 12x -1 '' 18446744073709551616; do refused "$p" -s "$v"; done
	done
}

@test "cli: what a script may say to all programs" {
	for p in $(programs); do
		known=$("$p" -h)
		for o in -o -j -q -v; do
			grep -q -- "^  $o, " <<<"$known" || { echo "$p lacks $o"; false; }
		done
	done
}

@test "cli: every program has a man page and tests" {
	local missing=0
	for p in $(programs); do
		for f in "man/$p.1" "tests/$p.bats"; do
			[ -f "$ROOT/$f" ] || { echo "$f is missing"; missing=1; }
		done
	done
	[ $missing -eq 0 ]
}

@test "cli: every option of -h is in the man page" {
	command -v mandoc >/dev/null || skip "mandoc is absent"
	local missing=0
	for p in $(programs); do
		text=$(page "$p") || missing=1
		while read -r o _; do
			grep -qE -- "(^|[^-a-z])$o($|[^-a-z])" <<<"$text" || { echo "man/$p.1 lacks $o"; missing=1; }
		done < <(options "$p")
	done
	[ $missing -eq 0 ]
}

@test "cli: every option of the man page is in -h" {
	command -v mandoc >/dev/null || skip "mandoc is absent"
	for p in $(programs); do
		known=$(options "$p")$'\n--help\n--version'
		while read -r o; do
			grep -qE -- "^$o( |$)" <<<"$known" || { echo "$p -h lacks $o of man/$p.1"; false; }
		done < <(page "$p" | sed -n '/^OPTIONS/,/^[A-NP-Z]/p' | grep -E '^ {5}-' | grep -oE -- '--[a-z][a-z0-9-]*' || true)
	done
}

@test "cli: a terminal as input is answered, not waited for" {
	need_terminal
	command -v script >/dev/null || skip "script(1) is absent"
	for p in $(programs); do
		run timeout 60 script -qec "$p" /dev/null </dev/null
		[ "$status" -eq 2 ] || { echo "$p: exit status $status: $output"; false; }
		[[ $output == *"$p"* ]]
	done
}

# Of files and signals, shown on sn-cat, which writes as all do.

# many FILE: a stream that is larger than a pipe holds
many() {
	local folder
	printf -v folder %0600d 0
	{
		echo '{"sn":1,"kind":"items"}'
		for ((i = 0; i < 3000; i++)); do
			echo "{\"item\":$i,\"key\":\"a/$i/of/many/pictures/in/a/long/folder/$folder\",\"label\":null}"
		done
		echo '{"end":3000}'
	} | json_stream "$1"
}

@test "cli: a program that is ended leaves the old output and nothing else" {
	cd "$BATS_TEST_TMPDIR"
	mkdir here
	mkfifo in
	echo old >here/out
	for signal in TERM HUP; do
		rm -f pid
		bash -c 'sn-cat -o here/out <in & echo $! >pid; wait $!' &
		waiting=$!
		exec 7>in
		for ((i = 0; i < 500; i++)); do
			[ ! -s pid ] || ! compgen -G 'here/.out.*' >/dev/null || break
			sleep 0.02
		done
		compgen -G 'here/.out.*' >/dev/null
		kill -$signal "$(cat pid)"
		status=0
		wait $waiting || status=$?
		exec 7>&-
		[ $status -eq $((128 + $(kill -l $signal))) ]
		[ "$(cat here/out)" = old ]
		[ "$(ls -A here)" = out ]
	done
	# an input that is no stream
	run -1 sn-cat -o here/out /dev/null
	[ "$(cat here/out)" = old ]
	[ "$(ls -A here)" = out ]
}

@test "cli: nobody listens: SIGPIPE ends a program, even where the caller ignores it" {
	cd "$BATS_TEST_TMPDIR"
	many in.sn
	run -0 bash -c "trap '' PIPE; sn-cat in.sn | true; echo \${PIPESTATUS[0]}"
	[ "$output" = 141 ]
}

@test "cli: closed standard descriptors are errors, not other files" {
	cd "$BATS_TEST_TMPDIR"
	embeddings in.sn a '[0,0]' b '[3,4]'
	run -1 bash -c 'sn-cat <&-'
	run -1 bash -c 'sn-cat in.sn >&-'
	run -0 bash -c 'sn-cat -o out.sn in.sn 2>&- <&-'
	cmp in.sn out.sn
}

@test "cli: an output that takes its input's place" {
	cd "$BATS_TEST_TMPDIR"
	embeddings in.sn a '[0,0]' b '[3,4]'
	cp in.sn copy.sn
	chmod 640 in.sn
	ln -s in.sn link.sn
	run -0 sn-cat -o link.sn in.sn
	cmp in.sn copy.sn
	[ -L link.sn ]
	[ "$(stat -c %a in.sn)" = 640 ]
}

@test "cli: a full disk is not success, however the output is named" {
	cd "$BATS_TEST_TMPDIR"
	embeddings in.sn a '[0,0]'
	run -1 bash -c 'sn-cat in.sn >/dev/full'
	run -1 sn-cat -o /dev/full in.sn
	run -1 bash -c 'sn-cat -t in.sn >/dev/full'
	run -1 bash -c 'sn-cat -o /dev/stdout in.sn >/dev/full'
	run -1 sn-cat -o no/such/folder/out in.sn
	[[ $output == "sn-cat: cannot create a file beside 'no/such/folder/out': no such file or directory" ]]
}
