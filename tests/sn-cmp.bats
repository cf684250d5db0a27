load helper

# sn-cmp: 0 same, 1 different, 2 trouble.

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp "$BROKEN/good.sn" "$BROKEN/good-pairs.sn" .
}

# differs STATUS LINE...: sn-cmp a.sn b.sn with $options, and what it prints
differs() {
	local status=$1
	shift
	# shellcheck disable=SC2086
	run "-$status" --separate-stderr sn-cmp ${options:-} a.sn b.sn
	[ -z "$stderr" ]
	[ "$output" = "$(printf '%s\n' "$@")" ] || { echo "$output"; return 1; }
}

# trouble WORDS COMMAND...: exit 2, one line on stderr, nothing on stdout
trouble() {
	local words=$1
	shift
	run -2 --separate-stderr "$@"
	[ -z "$output" ]
	[[ $stderr == "sn-cmp: "*"$words"* ]] || { echo "$stderr"; return 1; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

# one FILE JSON: a stream with one record
one() {
	printf '{"sn":1,"kind":"items"}\n%s\n{"end":1}\n' "$2" | json_stream "$1"
}

@test "sn-cmp: a stream is the same as itself" {
	run -0 --separate-stderr sn-cmp good.sn good.sn
	[ -z "$output$stderr" ]
	run -0 sn-cmp - good.sn <"$BROKEN/good.sn"
	run -0 sn-cmp good.sn - <"$BROKEN/good.sn"
	run -0 sn-cmp good-pairs.sn good-pairs.sn
}

@test "sn-cmp: a value by hand" {
	embeddings a.sn a '[1,2]' b '[3,4]'
	embeddings b.sn a '[1,2]' b '[3,4.5]'
	differs 1 'record 2: x[1]: 4, 4.5'
	options='--abs 0.5' differs 0
	options='--abs 0.49' differs 1 'record 2: x[1]: 4, 4.5'
	options='--rel 0.12' differs 0 # 0.5/4.5 = 0.111
	options='--rel 0.11' differs 1 'record 2: x[1]: 4, 4.5'
	options='-v' differs 1 'record 2: x[1]: 4, 4.5' $'differences\t1' $'largest\t0.5' $'largest relative\t0.111111111'
	options='-v --abs 1' differs 0 $'differences\t0' $'largest\t0.5' $'largest relative\t0.111111111'
	options='-q' differs 1
}

@test "sn-cmp: pixels are within a tolerance, too" {
	one a.sn '{"item":0,"key":"k","label":null,"x":{"type":"|u1","data":[1,200]}}'
	one b.sn '{"item":0,"key":"k","label":null,"x":{"type":"|u1","data":[1,202]}}'
	differs 1 'record 1: x[1]: 200, 202'
	options='--abs 2' differs 0
}

@test "sn-cmp: shapes and types" {
	one a.sn '{"item":0,"key":"k","label":null,"x":{"type":"|u1","shape":[1,2],"data":[1,2]}}'
	one b.sn '{"item":0,"key":"k","label":null,"x":{"type":"|u1","shape":[2,1],"data":[1,2]}}'
	differs 1 'record 1: x: |u1 [1][2], |u1 [2][1]'
	one b.sn '{"item":0,"key":"k","label":null,"x":{"type":"<f4","shape":[1,2],"data":[1,2]}}'
	differs 1 'record 1: x: |u1 [1][2], <f4 [1][2]'
	one b.sn '{"item":0,"key":"k","label":null,"x":{"type":"|u1","shape":[2],"data":[1,2]}}'
	differs 1 'record 1: x: |u1 [1][2], |u1 [2]'
	one b.sn '{"item":0,"key":"k","label":null}'
	differs 1 'record 1: x: a map, (absent)'
}

@test "sn-cmp: NaN is never the same, not even as itself" {
	run -1 --separate-stderr sn-cmp --abs 1e300 --rel 1 "$BROKEN/nan.sn" "$BROKEN/nan.sn"
	[ "$output" = 'record 1: x[1]: nan, nan' ]
	run -1 sn-cmp --abs 1e300 --rel 1 "$BROKEN/nan.sn" "$BROKEN/infinity.sn"
}

@test "sn-cmp: infinity is the same as itself and near nothing" {
	run -0 sn-cmp "$BROKEN/infinity.sn" "$BROKEN/infinity.sn"
	# the same stream with a number in its place
	embeddings b.sn a '[1,-3e38]'
	run -1 sn-cmp --rel 1 --abs 1e300 --ignore key "$BROKEN/infinity.sn" b.sn
	[ "$output" = 'record 1: x[1]: -inf, -3.00000001e+38' ]
}

@test "sn-cmp: numbers count by their value" {
	one a.sn '{"new":1,"f":0.5,"z":0.0,"n":-1}'
	one b.sn '{"z":-0.0,"f":{"f4":0.5},"n":-1.0,"new":1.0}'
	differs 0
	one b.sn '{"z":-0.0,"f":{"f4":0.5},"n":-2,"new":18446744073709551615}'
	differs 1 'record 1: new: 1, 18446744073709551615' 'record 1: n: -1, -2'
	one a.sn '{"new":18446744073709551614}'
	one b.sn '{"new":18446744073709551615}'
	options='--abs 5' differs 1 'record 1: new: 18446744073709551614, 18446744073709551615'
	# however they were written
	printf '\x82\xa2sn\x01\xa4kind\xa5items\x81\xa1n\xff\x82\xa3end\x01\xa4xxh3\xc0' >a.sn
	printf '\x82\xa2sn\x01\xa4kind\xd9\x05items\x81\xd9\x01n\xd1\xff\xff\x82\xa3end\x01\xa4xxh3\xc0' >b.sn
	differs 0
}

@test "sn-cmp: other values, missing and nested ones" {
	one a.sn '{"r":1,"s":"a","m":{"x":1,"y":[1,2]},"l":[1,2],"t":true,"n":null}'
	one b.sn '{"r":1,"s":"b","m":{"y":[1,3],"w":0},"l":[1],"t":false,"n":{"bin":"00"},"k":{"ext":[1,"00"]}}'
	differs 1 'record 1: s: "a", "b"' \
		'record 1: m.x: 1, (absent)' \
		'record 1: m.y[1]: 2, 3' \
		'record 1: m.w: (absent), 0' \
		'record 1: l: 2 values, 1 values' \
		'record 1: t: true, false' \
		'record 1: n: nil, binary' \
		'record 1: k: (absent), an extension'
}

@test "sn-cmp: the order of keys does not count, that of records does" {
	one a.sn '{"item":0,"key":"k","label":null}'
	one b.sn '{"item":0,"label":null,"key":"k"}'
	differs 0
	embeddings a.sn a '[1,2]' b '[3,4]'
	embeddings b.sn b '[3,4]' a '[1,2]'
	run -1 sn-cmp a.sn b.sn
	[[ $output == *'record 1: label: "a", "b"'*'record 2: x[1]: 4, 2' ]]
}

@test "sn-cmp: headers are compared, but for the history" {
	printf '{"sn":1,"kind":"items","history":[{"cmd":"x"}],"model":{"dim":2}}\n{"end":0}\n' | SN_NO_HISTORY=0 json_stream a.sn
	printf '{"sn":1,"kind":"items","model":{"dim":3}}\n{"end":0}\n' | json_stream b.sn
	differs 1 'header: model.dim: 2, 3'
	options='--ignore model' differs 0
	options='--ignore other,model' differs 0
	options='--ignore mode' differs 1 'header: model.dim: 2, 3'
}

@test "sn-cmp: --ignore leaves keys out" {
	embeddings a.sn a '[1,2]'
	one b.sn '{"item":0,"key":"other","label":"b","x":{"type":"<f4","data":[1,2]}}'
	options='--ignore key,label' differs 0
	options='--ignore key' differs 1 'record 1: label: "a", "b"'
}

@test "sn-cmp: ten differences are shown, -v shows all" {
	zeros=$(printf '0,%.0s' {1..30}) ones=$(printf '1,%.0s' {1..30})
	embeddings a.sn a "[${zeros%,}]"
	embeddings b.sn a "[${ones%,}]"
	run -1 sn-cmp a.sn b.sn
	[ "${#lines[@]}" -eq 11 ]
	[ "${lines[10]}" = 'and 20 more' ]
	run -1 sn-cmp -v a.sn b.sn
	[ "${#lines[@]}" -eq 33 ]
	[ "${lines[30]}" = $'differences\t30' ]
}

@test "sn-cmp: one stream is longer" {
	embeddings a.sn a '[1,2]'
	embeddings b.sn a '[1,2]' b '[3,4]'
	differs 1 'section 1 after record 1: kind of map: the end, a record'
	cat a.sn a.sn >b.sn
	differs 1 'section 1 after record 1: kind of map: end of file, a header'
	cat a.sn b.sn >c.sn
	cat b.sn a.sn >d.sn
	run -0 sn-cmp c.sn d.sn
}

@test "sn-cmp: the second section is named" {
	embeddings a.sn a '[1,2]'
	embeddings b.sn a '[1,3]'
	cat a.sn a.sn >aa.sn
	cat a.sn b.sn >ab.sn
	run -1 sn-cmp aa.sn ab.sn
	[ "$output" = 'section 2 record 1: x[1]: 2, 3' ]
}

@test "sn-cmp: how many pictures failed counts, sums do not" {
	printf '{"sn":1,"kind":"items"}\n{"end":0,"failed":3}\n' | json_stream a.sn
	printf '{"sn":1,"kind":"items"}\n{"end":0}\n' | json_stream b.sn
	differs 1 'section 1 after record 0: failed: 3, 0'
	n=$(($(wc -c <good.sn) - 9))
	{ head -c $n good.sn; printf '\xc0'; } >foreign.sn
	run -0 sn-cmp good.sn foreign.sn
}

@test "sn-cmp: every disease is trouble, on either side" {
	while IFS=$'\t' read -r f words; do
		case $f in nan.sn | infinity.sn) continue ;; esac
		# differences in front of the damage are shown as they come
		run -2 --separate-stderr sn-cmp -q good.sn "$BROKEN/$f"
		[[ -z $output && $stderr == "sn-cmp: "*"$f: "*"$words"* ]] || { echo "$f: $stderr"; return 1; }
		run -2 --separate-stderr sn-cmp -q - good.sn <"$BROKEN/$f"
		[[ -z $output && $stderr == "sn-cmp: <stdin>: "*"$words"* ]] || { echo "$f: $stderr"; return 1; }
	done < <(diseases)
	# damage behind the first difference is found
	embeddings a.sn a '[1,2]'
	trouble truncated sn-cmp -q a.sn "$BROKEN/truncated.sn"
}

@test "sn-cmp: mistakes on the command line" {
	trouble 'two streams are wanted, not 0' sn-cmp
	trouble 'two streams are wanted, not 1' sn-cmp good.sn
	trouble 'two streams are wanted, not 3' sn-cmp good.sn good.sn good.sn
	trouble 'only one' sn-cmp - -
	trouble '--abs' sn-cmp --abs -1 good.sn good.sn
	trouble '--rel' sn-cmp --rel x good.sn good.sn
	trouble 'cannot open' sn-cmp good.sn absent.sn
	trouble 'folder' sn-cmp . good.sn
}

@test "sn-cmp: a full disk is trouble" {
	embeddings a.sn a '[1,2]'
	embeddings b.sn a '[1,3]'
	run -2 --separate-stderr bash -c 'sn-cmp a.sn b.sn >/dev/full'
	[[ $stderr == "sn-cmp: cannot write"* ]]
	run -2 --separate-stderr bash -c 'sn-cmp -v a.sn a.sn >/dev/full'
	run -0 bash -c 'sn-cmp a.sn a.sn >/dev/full'
}

@test "sn-cmp: -o has the differences, whole or not at all" {
	cd "$BATS_TEST_TMPDIR"
	embeddings a.sn a '[0,0]'
	embeddings b.sn a '[0,1]'
	run -1 --separate-stderr sn-cmp -o out a.sn b.sn
	[ -z "$output" ]
	[ "$(cat out)" = "record 1: x[1]: 0, 1" ]
	head -c 100 b.sn >c.sn
	run -2 --separate-stderr sn-cmp -o out a.sn c.sn
	[ "$(cat out)" = "record 1: x[1]: 0, 1" ]
	run -2 sn-cmp -o /dev/full a.sn b.sn
}
