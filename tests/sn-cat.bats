load helper

# sn-cat: streams passed on, joined, shown as JSON lines, read back from them.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BROKEN/good.sn" "$BROKEN/good-pairs.sn" .
}

# said WORDS: the run before printed nothing and one line with these words
said() {
	[ -z "$output" ] || { echo "output: $output"; return 1; }
	[[ $stderr == "sn-cat: "*"$1"* ]] || { echo "said: $stderr"; return 1; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

lines_of() { sn-cat -t "$@"; }

# pairs_stream FILE MORE...: two items and a pair for each argument, which is what stands behind `same`
pairs_stream() {
	local file=$1 n=2
	shift
	{
		echo '{"sn":1,"kind":"pairs"}'
		echo '{"item":0,"key":"a","label":"a"}'
		echo '{"item":1,"key":"b","label":"a"}'
		for more; do
			echo "{\"pair\":[0,1],\"same\":true$more}"
			n=$((n + 1))
		done
		echo "{\"end\":$n}"
	} | json_stream "$file"
}

@test "sn-cat: a stream passes byte for byte" {
	for f in good.sn good-pairs.sn; do
		sn-cat "$f" >out.sn
		cmp "$f" out.sn
	done
}

@test "sn-cat: a file, standard input and - are the same" {
	sn-cat good.sn >a
	sn-cat <good.sn >b
	sn-cat - <good.sn >c
	head -c 9999 good.sn | sn-cat >d
	sn-cat -o e good.sn
	for f in b c d e; do cmp a $f; done
}

@test "sn-cat: -t prints JSON lines" {
	run -0 --separate-stderr sn-cat -t good-pairs.sn
	[ -z "$stderr" ]
	[ "${#lines[@]}" -eq 9 ]
	[ "${lines[0]}" = '{"sn":1,"kind":"pairs"}' ]
	[ "${lines[1]}" = '{"item":0,"key":"a/0.png","label":"a","x":{"type":"|u1","shape":[2,2,1],"data":[0,0,128,255]}}' ]
	[ "${lines[7]}" = '{"pair":[1,2],"same":false}' ]
	[[ ${lines[8]} =~ ^\{\"end\":7,\"xxh3\":[0-9]+\}$ ]]
}

@test "sn-cat: -t and --from-json are each other's way back" {
	embeddings e.sn a '[0.1,-3e38,1e-45]' b '[0,-0.0,16777217]' - '[1,2,3]'
	for f in good.sn good-pairs.sn e.sn; do
		sn-cat -t "$f" | sn-cat --from-json >back.sn
		cmp "$f" back.sn
		sn-cat -t "$f" >1.json
		sn-cat -t --from-json 1.json >2.json
		cmp 1.json 2.json
	done
}

@test "sn-cat: --from-json says file, line and reason" {
	printf '{"sn":1,"kind":"items"}\n\n{"item":0,"key":"k"}\n{"end":1}\n' >x.json
	run -1 --separate-stderr sn-cat -o out.sn --from-json x.json
	said "x.json: record 1 at line 3: no 'label'"
	run -1 --separate-stderr sn-cat -o out.sn --from-json good.sn
	said "good.sn: line 1: no JSON"
	printf '{"sn":1,"kind":"items"}\n{"item":0,"key":"k","key":"l","label":null}\n{"end":1}\n' >x.json
	run -1 --separate-stderr sn-cat -o out.sn --from-json x.json
	said "line 2: a key that stands twice"
	run -1 --separate-stderr sn-cat x.json
	said "--from-json"
	run -1 --separate-stderr sn-cat -o out.sn --from-json absent.json
	said "cannot open 'absent.json'"
}

@test "sn-cat: sections and files become one section" {
	cat good.sn good.sn >two.sn
	sn-cat two.sn >1.sn
	sn-cat good.sn good.sn >2.sn
	cmp 1.sn 2.sn
	run -0 lines_of 1.sn
	[ "${#lines[@]}" -eq 10 ]
	[[ ${lines[5]} == '{"item":4,"key":"a/0.png"'* ]]
	[[ ${lines[8]} == '{"item":7,'* ]]
	[[ ${lines[9]} == '{"end":8,'* ]]
	sn-cat 1.sn >3.sn
	cmp 1.sn 3.sn
}

@test "sn-cat: pairs, trials and batches are renumbered" {
	pairs_stream a.sn ',"trial":0,"batch":3' ',"trial":4,"batch":3'
	run -0 lines_of a.sn a.sn
	[ "${lines[3]}" = '{"pair":[0,1],"same":true,"trial":0,"batch":3}' ]
	[ "${lines[7]}" = '{"pair":[2,3],"same":true,"trial":5,"batch":7}' ]
	[ "${lines[8]}" = '{"pair":[2,3],"same":true,"trial":9,"batch":7}' ]
}

@test "sn-cat: what failed is added up" {
	printf '{"sn":1,"kind":"items"}\n{"end":0,"failed":3}\n' | json_stream a.sn
	run -0 lines_of a.sn good.sn a.sn
	[[ ${lines[5]} == '{"end":4,"failed":6,'* ]]
	printf '{"sn":1,"kind":"items"}\n{"end":0,"failed":18446744073709551614}\n' | json_stream b.sn
	run -1 --separate-stderr sn-cat a.sn b.sn
	[[ $stderr == *"b.sn: "*"too large"* ]]
}

# losses FILE MEAN TERMS LOSS...: a section of losses (null: a pair without)
losses() {
	local file=$1 mean=$2 terms=$3 n=3 loss
	shift 3
	{
		echo '{"sn":1,"kind":"losses"}'
		echo '{"item":0,"key":"a","label":"a"}'
		echo '{"item":1,"key":"b","label":"a"}'
		for loss; do
			[ "$loss" = null ] && loss= || loss=",\"loss\":$loss"
			echo "{\"pair\":[0,1],\"same\":true,\"d\":0.5$loss}"
			n=$((n + 1))
		done
		echo "{\"mean\":$mean,\"terms\":$terms,\"new\":1}"
		echo "{\"end\":$n}"
	} | json_stream "$file"
}

@test "sn-cat: the mean of one section keeps its bytes, those of several are made anew" {
	losses a.sn 0.5 2 0.25 0.75
	losses b.sn 1.0 1 1.0
	sn-cat a.sn | cmp - a.sn
	run -0 lines_of a.sn b.sn
	[[ ${lines[8]} =~ ^\{\"mean\":0\.66666666666666663,\"terms\":3\}$ ]]
	losses c.sn 0.5 2 null null # a loss that is no sum over pairs
	run -0 lines_of c.sn b.sn
	[[ ${lines[8]} =~ ^\{\"mean\":0\.66666666666666663,\"terms\":3\}$ ]]
	run -0 lines_of --head 4 a.sn
	[[ ${lines[4]} == '{"pair"'* && ${lines[5]} == '{"end":4,'* ]]
	run -0 lines_of --head 5 a.sn
	[[ ${lines[5]} == '{"mean":0.5,"terms":2,"new":1}' ]]
}

@test "sn-cat: sections that do not fit each other are refused" {
	pairs_stream p.sn
	run -1 --separate-stderr sn-cat good.sn p.sn
	[[ $stderr == *"p.sn: header at byte 0: a section of pairs behind one of items"* ]]
	for key in model distance threshold window; do
		printf '{"sn":1,"kind":"items","%s":1}\n{"end":0}\n' $key | json_stream 1.sn
		printf '{"sn":1,"kind":"items","%s":2}\n{"end":0}\n' $key | json_stream 2.sn
		sn-cat 1.sn 1.sn >out.sn
		for other in 2.sn good.sn; do
			run -1 --separate-stderr sn-cat 1.sn $other
			[[ $stderr == *"$other: "*"another $key"* ]]
		done
	done
	printf '{"sn":1,"kind":"items"}\n{"end":0}\n{"sn":1,"kind":"pairs"}\n{"end":0}\n' >x.json
	run -1 --separate-stderr sn-cat -o out.sn --from-json x.json
	[[ $stderr == *"section 2, header at line 3: a section of pairs"* ]]
	printf '{"sn":1,"kind":"model"}\n{"end":0}\n' | json_stream m.sn
	sn-cat m.sn | cmp - m.sn
	run -1 --separate-stderr sn-cat m.sn m.sn
	[[ $stderr == *"two of kind model do not join"* ]]
}

@test "sn-cat: numbers that would grow too large are refused" {
	printf '{"sn":1,"kind":"items"}\n{"item":18446744073709551614,"key":"k","label":null}\n{"end":1}\n' | json_stream big.sn
	sn-cat big.sn | cmp - big.sn
	run -1 --separate-stderr sn-cat good.sn big.sn
	[[ $stderr == *"big.sn: record 1 at byte 16: number 18446744073709551614 is too large to join"* ]]
	printf '{"sn":1,"kind":"items"}\n{"item":18446744073709551615,"key":"k","label":null}\n{"end":1}\n' >x.json
	run -1 --separate-stderr sn-cat -o out.sn --from-json x.json
	said "too large"
}

@test "sn-cat: --head N passes N records and reads the rest" {
	for n in 0 1 3 4 99; do
		run -0 lines_of --head $n good.sn
		[ "${#lines[@]}" -eq $((2 + (n > 4 ? 4 : n))) ]
	done
	sn-cat --head 2 good.sn | sn-cat --head 2 | sn-cat -t >/dev/null
	# whoever writes into it is not stopped
	sn_many() { for _ in {1..3000}; do cat good.sn; done; }
	set -o pipefail
	sn_many | sn-cat | sn-cat --head 1 >head.sn
	run -0 lines_of head.sn
	[ "${#lines[@]}" -eq 3 ]
	# and damage behind the first is found
	for f in truncated bad-sum rubbish-after-end; do
		run -1 --separate-stderr sn-cat --head 1 -o out.sn "$BROKEN/$f.sn"
		[ ! -e out.sn ]
	done
}

@test "sn-cat: every disease is refused in its words" {
	n=0
	while IFS=$'\t' read -r f words; do
		run -1 --separate-stderr sn-cat -o out.sn "$BROKEN/$f"
		said "$words"
		[ ! -e out.sn ]
		run -1 --separate-stderr sn-cat -o /dev/null - <"$BROKEN/$f"
		said "$words"
		[[ $stderr == *"<stdin>"* ]]
		run -1 sn-cat -t -q "$BROKEN/$f"
		n=$((n + 1))
	done < <(diseases)
	[ $n -ge 50 ]
	all=("$BROKEN"/*.sn)
	[ $n -eq $((${#all[@]} - 2)) ]
}

@test "sn-cat: the broken streams are what their script makes" {
	"$BROKEN/make" "$BATS_TEST_TMPDIR"
	for f in "$BROKEN"/*.sn; do cmp "$f" "${f##*/}"; done
	all=("$BROKEN"/*.sn) made=(./*.sn)
	[ ${#all[@]} -eq ${#made[@]} ]
}

@test "sn-cat: what passed before the damage has no end" {
	run -1 sn-cat "$BROKEN/bad-sum.sn"
	sn-cat "$BROKEN/bad-sum.sn" >part.sn || true
	run -1 --separate-stderr sn-cat part.sn
	[[ $stderr == *truncated* ]]
}

@test "sn-cat: NaN is shown, and goes no further" {
	run -1 --separate-stderr sn-cat -t "$BROKEN/nan.sn"
	[[ ${lines[1]} == *'"data":[1.0,NaN]'* ]]
	[[ ${lines[2]} == '{"end":1,'* ]]
	[[ $stderr == "sn-cat: "*"nan.sn: record 1 at byte 16: NaN or infinity" ]]
	run -1 --separate-stderr sn-cat -t "$BROKEN/infinity.sn"
	[[ ${lines[1]} == *'"data":[1.0,-Infinity]'* ]]
	echo old >out
	run -1 sn-cat -o out "$BROKEN/nan.sn"
	run -1 sn-cat -t -o out "$BROKEN/nan.sn"
	[ "$(cat out)" = old ]
	sn-cat -t "$BROKEN/nan.sn" 2>/dev/null >nan.json || true
	run -1 --separate-stderr sn-cat -o out.sn --from-json nan.json
	said "NaN"
}

@test "sn-cat: an empty input is an error, in whichever place" {
	run -1 --separate-stderr sn-cat </dev/null
	said "<stdin>: empty input"
	: >empty.sn
	run -1 --separate-stderr sn-cat good.sn empty.sn
	[[ $stderr == *"empty.sn: empty input"* ]]
	run -1 --separate-stderr sn-cat -o out.sn empty.sn good.sn
	said "empty.sn: empty input"
	[ ! -e out.sn ]
	run -0 --separate-stderr sn-cat --allow-empty </dev/null
	[ -z "$output$stderr" ]
	sn-cat --allow-empty good.sn empty.sn | cmp - good.sn
	sn-cat --allow-empty empty.sn good.sn | cmp - good.sn
}

@test "sn-cat: a section without records is no empty input" {
	printf '{"sn":1,"kind":"items"}\n{"end":0}\n' | json_stream none.sn
	sn-cat none.sn | cmp - none.sn
	sn-cat none.sn good.sn none.sn | cmp - good.sn
}

@test "sn-cat: a sum is put in where a foreign writer left it out" {
	n=$(($(wc -c <good.sn) - 9))
	{ head -c $n good.sn; printf '\xc0'; } >foreign.sn
	sn-cat foreign.sn | cmp - good.sn
}

@test "sn-cat: unknown keys and records keep their bytes and place" {
	# numbers in the long way, an unknown key before known ones, an unknown record, ext and bin
	{
		printf '\x82\xa2sn\x01\xa4kind\xa5items'
		printf '\xde\x00\x04\xa4item\xcd\x00\x05\xa3new\xc7\x02\x07\x01\x02\xd9\x01k\xc4\x01\xff\xa5label\xc0' |
			sed 's/\xd9\x01k\xc4\x01\xff/\xa3key\xd9\x01k/'
		printf '\x82\xa6record\xdc\x00\x01\xca\x00\x00\x00\x00\xa1z\xd0\x05'
		printf '\x82\xa3end\x02\xa4xxh3\xc0'
	} >foreign.sn
	sn-cat foreign.sn >out.sn
	n=$(($(wc -c <foreign.sn) - 1))
	cmp <(head -c $n foreign.sn) <(head -c $n out.sn)
	# behind another section only the number changes
	sn-cat good.sn foreign.sn >joined.sn
	run -0 lines_of joined.sn
	[ "${lines[5]}" = '{"item":9,"new":{"ext":[7,"0102"]},"key":"k","label":null}' ]
	[ "${lines[6]}" = '{"record":[{"f4":0.0}],"z":5}' ]
	LC_ALL=C grep -qaF "$(printf '\xd9\x01k')" joined.sn
}

@test "sn-cat: unknown keys of the header stay, sorted" {
	printf '{"sn":1,"kind":"items","zz":[1],"aa":{"b":2},"m":null}\n{"end":0}\n' | json_stream a.sn
	run -0 lines_of a.sn
	[ "${lines[0]}" = '{"sn":1,"kind":"items","aa":{"b":2},"m":null,"zz":[1]}' ]
}

@test "sn-cat: history grows by one entry, and not in a view" {
	unset SN_NO_HISTORY
	sn-cat good.sn | sn-cat --head 3 >h.sn
	run -0 lines_of h.sn
	[[ ${lines[0]} =~ ^\{\"sn\":1,\"kind\":\"items\",\"history\":\[\{\"cmd\":\"sn-cat\",\"version\":\"[0-9.]+\",\"options\":\{\}\},\{\"cmd\":\"sn-cat\",\"version\":\"[0-9.]+\",\"options\":\{\"head\":3\}\}\]\}$ ]]
	SN_NO_HISTORY=1 sn-cat --head 3 good.sn >n.sn
	SN_NO_HISTORY=1 sn-cat h.sn | cmp - n.sn
}

@test "sn-cat: the same history for any way to the same bytes" {
	unset SN_NO_HISTORY
	sn-cat good.sn >1.sn
	sn-cat -q -o 2.sn - <good.sn
	cmp 1.sn 2.sn
}

@test "sn-cat: names are shown and kept with their escapes" {
	printf '{"sn":1,"kind":"items"}\n{"item":0,"key":"a\\\\xff\\u00e4","label":"\\\\x0a"}\n{"end":1}\n' | json_stream n.sn
	run -0 lines_of n.sn
	[ "${lines[1]}" = '{"item":0,"key":"a\\xffä","label":"\\x0a"}' ]
	# control characters that a foreign writer let pass do not reach the terminal
	printf '\x82\xa2sn\x01\xa4kind\xa5items\x83\xa4item\x00\xa3key\xa4\x1b[2J\xa5label\xa2\xc2\x9b\x82\xa3end\x01\xa4xxh3\xc0' >c.sn
	run -0 lines_of c.sn
	[ "${lines[1]}" = '{"item":0,"key":"\u001b[2J","label":"\u009b"}' ]
}

@test "sn-cat: the limits of strings and records" {
	head -c 65536 /dev/zero | tr '\0' a >long
	printf '{"sn":1,"kind":"items"}\n{"item":0,"key":"%s","label":null}\n{"end":1}\n' "$(cat long)" >x.json
	sn-cat --from-json x.json | sn-cat -t | grep -q '"item":0'
	printf '{"sn":1,"kind":"items"}\n{"item":0,"key":"%sa","label":null}\n{"end":1}\n' "$(cat long)" >x.json
	run -1 --separate-stderr sn-cat -o out.sn --from-json x.json
	said "limit is 64 KiB"
	# a record of 64 MiB and one byte more: 15 bytes around the data
	for more in 0 1; do
		n=$((67108864 - 10 + more))
		{
			printf '\x82\xa2sn\x01\xa4kind\xa5items\x81\xa3new\xc6'
			printf '%b' "$(printf '\\x%02x' $((n >> 24)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255)))"
			head -c $n /dev/zero
			printf '\x82\xa3end\x01\xa4xxh3\xc0'
		} >big.sn
		if [ $more = 0 ]; then
			sn-cat big.sn | tail -c +17 | head -c -20 | cmp - <(tail -c +17 big.sn | head -c -12)
		else
			run -1 --separate-stderr sn-cat -o out.sn big.sn
			said "over the limit of 64 MiB"
		fi
	done
}

@test "sn-cat: memory is bounded by what came, not by what was promised" {
	limit() { (ulimit -v 1000000 && "$@"); }
	limit sn-cat -o /dev/null good.sn || skip "sn-cat needs much memory here (a sanitizer?)"
	for f in huge-array huge-map huge-string huge-bin huge-shape huge-array-alone many-keys deep; do
		run -1 --separate-stderr limit sn-cat -t "$BROKEN/$f.sn"
		[[ $stderr == "sn-cat: "*"$f.sn: "* && $stderr != *memory* ]]
	done
}

@test "sn-cat: a full disk is not success, be it little or much" {
	run -1 --separate-stderr bash -c 'sn-cat good.sn >/dev/full'
	said "cannot write <stdout>: no space"
	run -1 --separate-stderr sn-cat -o /dev/full good.sn
	said "no space"
	for _ in {1..9000}; do cat good.sn; done >much.sn
	run -1 --separate-stderr bash -c 'sn-cat much.sn >/dev/full'
	said "no space"
	run -1 --separate-stderr bash -c 'sn-cat -t much.sn >/dev/full'
	said "no space"
	run -1 --separate-stderr bash -c 'sn-cat good.sn >&-'
	said "cannot write"
}

@test "sn-cat: -o replaces a file whole or not at all" {
	mkdir here
	echo old >here/out.sn
	chmod 640 here/out.sn
	for f in truncated bad-sum bad-count rubbish-after-end numbers-fall empty; do
		run -1 sn-cat -o here/out.sn "$BROKEN/$f.sn"
		[ "$(cat here/out.sn)" = old ]
	done
	run -2 sn-cat -o here/out.sn --head x good.sn
	run -1 sn-cat -o here/out.sn absent.sn
	[ "$(cat here/out.sn)" = old ]
	[ "$(ls -A here)" = out.sn ]
	sn-cat -o here/out.sn good.sn
	cmp here/out.sn good.sn
	[ "$(stat -c %a here/out.sn)" = 640 ]
	[ "$(ls -A here)" = out.sn ]
}

# A signal while it waits for more input, with a temporary file beside the output.
signalled() {
	local signal=$1 pid status=0
	mkdir here
	mkfifo in
	echo old >here/out.sn
	env --default-signal="$signal" sn-cat -o here/out.sn in 3>&- &
	pid=$!
	exec 9>in
	head -c 100 good.sn >&9
	until compgen -G 'here/.out.sn.*' || ! kill -0 $pid; do sleep 0.02; done
	kill -"$signal" $pid
	wait $pid || status=$?
	exec 9>&-
	[ $status -eq $((128 + $(kill -l "$signal"))) ]
	[ "$(cat here/out.sn)" = old ]
	[ "$(ls -A here)" = out.sn ]
}

@test "sn-cat: SIGTERM leaves the old file and nothing beside it" { signalled TERM; }
@test "sn-cat: SIGINT leaves the old file and nothing beside it" { signalled INT; }

@test "sn-cat: a file may be read and written at once" {
	cp good.sn a.sn
	sn-cat a.sn -o a.sn
	cmp a.sn good.sn
	sn-cat a.sn a.sn -o a.sn
	run -0 lines_of a.sn
	[ "${#lines[@]}" -eq 10 ]
}

@test "sn-cat: what came goes out before it waits for more" {
	mkfifo in out
	sn-cat in >out 3>&- &
	exec 9<out 8>in
	# header and first record, then nothing: they arrive although no buffer is full
	head -c 92 good.sn >&8
	timeout 60 head -c 92 <&9 | cmp - <(head -c 92 good.sn)
	# a piece of a record stays until the rest has come
	tail -c +93 good.sn | head -c 10 >&8
	tail -c +103 good.sn | head -c 70 >&8
	timeout 60 head -c 76 <&9 | cmp - <(tail -c +93 good.sn | head -c 76)
	tail -c +173 good.sn >&8
	exec 8>&-
	timeout 60 cat <&9 | cmp - <(tail -c +169 good.sn)
	wait
}

@test "sn-cat: JSON lines flow, too" {
	mkfifo in out
	sn-cat -t --from-json in >out 3>&- &
	exec 9<out 8>in
	echo '{"sn":1,"kind":"items"}' >&8
	read -r -t 60 line <&9
	[ "$line" = '{"sn":1,"kind":"items"}' ]
	echo '{"item":0,"key":"k","label":null}' >&8
	read -r -t 60 line <&9
	[ "$line" = '{"item":0,"key":"k","label":null}' ]
	echo '{"end":1}' >&8
	exec 8>&-
	read -r -t 60 line <&9
	[[ $line == '{"end":1,"xxh3":'* ]]
	wait
}

@test "sn-cat: folders, missing files and descriptors that cannot be read" {
	run -1 --separate-stderr sn-cat .
	said "'.' is a folder"
	run -1 --separate-stderr sn-cat absent.sn
	said "cannot open 'absent.sn': no such file"
	run -1 --separate-stderr bash -c 'sn-cat <&-'
	said "<stdin>"
	run -1 --separate-stderr bash -c 'sn-cat <.'
	said "folder"
}

@test "sn-cat: gzip and JSON are named for what they are" {
	gzip -c good.sn >good.gz
	run -1 --separate-stderr sn-cat good.gz
	said "gzip data"
	sn-cat -t good.sn >good.json
	run -1 --separate-stderr sn-cat good.json
	said "--from-json"
}
