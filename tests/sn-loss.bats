load helper

# pairs FILE ["HEADER KEYS"]: distances 5 (same), 0.5, 4 (different)
pairs() {
	json_stream "$1" <<-END
		{"sn":1,"kind":"pairs"${2:+,$2}}
		{"item":0,"key":"a/1","label":"a","x":{"type":"<f4","data":[0,0]}}
		{"item":1,"key":"a/2","label":"a","x":{"type":"<f4","data":[3,4]}}
		{"item":2,"key":"b/1","label":"b","x":{"type":"<f4","data":[0.5,0]}}
		{"item":3,"key":"b/2","label":"b","x":{"type":"<f4","data":[4,0]}}
		{"pair":[0,1],"same":true}
		{"pair":[0,2],"same":false}
		{"pair":[0,3],"same":false}
		{"end":7}
	END
}

# refuses MESSAGE COMMAND...: exit 1 and one line that says so
refuses() {
	local words=$1
	shift
	run -1 --separate-stderr "$@"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *"$words"* ]] || { echo "wanted '$words', got: $stderr"; false; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "sn-loss: contrastive by hand" {
	pairs in.sn
	sn-dist in.sn >d.sn
	run -0 --separate-stderr sn-loss -t d.sn
	# 1/2 5^2; 1/2 (1 - 0.5)^2; beyond the margin
	[ "${lines[0]}" = $'a/1\ta/2\tsame\t5\t12.5' ]
	[ "${lines[1]}" = $'a/1\tb/1\tdifferent\t0.5\t0.125' ]
	[ "${lines[2]}" = $'a/1\tb/2\tdifferent\t4\t0' ]
	[ "${lines[3]}" = $'mean\t4.208333333333333' ]
	[ "${#lines[@]}" -eq 4 ]
	[ -z "$stderr" ]
}

@test "sn-loss: the margin" {
	pairs in.sn
	sn-dist in.sn >d.sn
	# 1/2 1.5^2 and 1/2 (-2 + 6)^2 / 2
	run -0 sn-loss -t -M 2 d.sn
	[[ ${lines[1]} == *$'\t1.125' && ${lines[2]} == *$'\t0' ]]
	run -0 sn-loss -t -M 6 -l contrastive d.sn
	[[ ${lines[0]} == *$'\t12.5' && ${lines[2]} == *$'\t2' ]]
	# at the margin itself there is nothing to push
	run -0 sn-loss -t -M 4 d.sn
	[[ ${lines[2]} == *$'\t0' ]]
}

@test "sn-loss: the model's margin is the default" {
	pairs in.sn '"model":{"xxh3":5,"dim":2,"distance":"euclidean","margin":6.0,"threshold":null,"head":null}'
	sn-dist in.sn >d.sn
	run -0 sn-loss -t d.sn
	[[ ${lines[2]} == *$'\t2' ]]
	run -0 sn-loss -t in.sn
	[[ ${lines[2]} == *$'\t2' ]]
	run -0 sn-loss -t -M 1 d.sn
	[[ ${lines[2]} == *$'\t0' ]]
}

@test "sn-loss: embeddings give what their distances give" {
	pairs in.sn
	for d in euclidean sqeuclidean manhattan cosine; do
		sn-loss -d $d in.sn >direct.sn
		sn-dist -d $d in.sn | sn-loss >piped.sn
		cmp direct.sn piped.sn
	done
	sn-loss in.sn >direct.sn
	sn-loss -d euclidean in.sn | cmp - direct.sn
}

@test "sn-loss: what goes out" {
	pairs in.sn '"mine":true'
	sn-dist -T 3 in.sn | sn-loss -M 2 >out.sn
	run -0 sn-cat -t out.sn
	[ "${lines[0]}" = '{"sn":1,"kind":"losses","distance":"euclidean","mine":true,"threshold":3.0}' ]
	[ "${lines[1]}" = '{"item":0,"key":"a/1","label":"a"}' ]
	[ "${lines[5]}" = '{"pair":[0,1],"same":true,"d":5.0,"loss":12.5}' ]
	[[ ${lines[8]} == '{"mean":'*',"terms":3}' ]]
	[[ ${lines[9]} == '{"end":8,'* ]]
}

@test "sn-loss: the mean is exact to the last bit" {
	[ -x /usr/bin/python3 ] || skip "python3 is absent"
	{
		echo '{"sn":1,"kind":"distances","distance":"euclidean"}'
		for i in 0 1; do echo '{"item":'$i',"key":"k","label":"l"}'; done
		for i in {1..200}; do
			echo '{"pair":[0,1],"same":'"$([ $((i % 3)) = 0 ] && echo true || echo false)"',"d":0.'"$((i * 7919 % 10007))"'}'
		done
		echo '{"end":202}'
	} | json_stream d.sn
	sn-loss -t -M 0.7 d.sn >text
	/usr/bin/python3 - <<-'END'
		total, n = 0.0, 0
		for line in open("text"):
		    f = line.split("\t")
		    if f[0] == "mean":
		        assert float(f[1]) == total / n, (f[1], total / n)
		        print("checked")
		    else:
		        total += float(f[4])
		        n += 1
	END
	grep -q mean text
}

@test "sn-loss: each section has a mean of its own" {
	pairs in.sn
	cat in.sn in.sn | sn-loss -t >two
	sn-loss -t in.sn >one
	cat one one | cmp - two
}

@test "sn-loss: a file, standard input and - are the same" {
	pairs in.sn
	sn-loss in.sn >file
	sn-loss <in.sn >stdin
	sn-loss - <in.sn >dash
	sn-loss -o named in.sn
	cmp file stdin
	cmp file dash
	cmp file named
}

@test "sn-loss: a pair that is neither same nor different has no loss" {
	pairs in.sn
	sn-cat -t in.sn | sed 's/\[0,2\],"same":false/[0,2],"same":null/; s/,"xxh3":[0-9]*//' |
		json_stream nil.sn
	refuses "record 6" sn-loss nil.sn
	sn-dist nil.sn >d.sn
	refuses "same or different" sn-loss d.sn
}

@test "sn-loss: a missing picture has no loss" {
	json_stream missing.sn <<-END
		{"sn":1,"kind":"pairs"}
		{"item":0,"key":"a/1","label":"a","x":{"type":"<f4","data":[0,0]}}
		{"item":1,"key":"gone","label":null}
		{"pair":[0,1],"same":true}
		{"end":3}
	END
	refuses "missing" sn-loss missing.sn
	sn-dist missing.sn >d.sn
	refuses "missing" sn-loss d.sn
}

@test "sn-loss: wrong kinds" {
	embeddings items.sn a "[0,0]" b "[3,4]"
	refuses "this is items" sn-loss items.sn
	pairs in.sn
	sn-loss in.sn >out.sn
	refuses "this is losses" sn-loss out.sn
	sn-dist in.sn >d.sn
	refuses "euclidean" sn-loss -d cosine d.sn
	sn-loss -d euclidean d.sn >same.sn
	cmp same.sn out.sn
}

@test "sn-loss: no pairs, no mean" {
	json_stream none.sn <<-END
		{"sn":1,"kind":"distances"}
		{"item":0,"key":"a/1","label":"a"}
		{"end":1}
	END
	refuses "without pairs" sn-loss none.sn
}

@test "sn-loss: infinity stops it" {
	pairs in.sn
	refuses "not finite" sn-loss -M 1e200 in.sn
}

@test "sn-loss: a stream cut anywhere is damage" {
	pairs in.sn
	sn-dist in.sn >d.sn
	local size
	size=$(wc -c <d.sn)
	for ((n = 1; n < size; n += 7)); do
		head -c "$n" d.sn >cut.sn
		run -1 --separate-stderr sn-loss cut.sn
		[[ $stderr == "sn-loss: "* ]]
	done
}

@test "sn-loss: any byte changed is damage" {
	pairs in.sn
	sn-dist in.sn >d.sn
	mv d.sn in.sn
	local size byte
	size=$(wc -c <in.sn)
	for ((n = 3; n < size; n += 13)); do
		byte=$(od -An -tu1 -j "$n" -N 1 in.sn)
		{
			head -c "$n" in.sn
			# shellcheck disable=SC2059 # the format is the byte
			printf "\\x$(printf %x $((byte ^ 1 << n % 8)))"
			tail -c +$((n + 2)) in.sn
		} >changed.sn
		run -1 --separate-stderr sn-loss changed.sn
		[[ $stderr == "sn-loss: "* ]]
	done
}

@test "sn-loss: nothing is an error unless it may be" {
	refuses "empty" sn-loss /dev/null
	run -0 sn-loss --allow-empty /dev/null
	[ -z "$output" ]
}

@test "sn-loss: a full disk is not success" {
	pairs in.sn
	run -1 --separate-stderr bash -c 'sn-loss in.sn >/dev/full'
	[[ $stderr == "sn-loss: "*"no space left"* ]]
}

@test "sn-loss: mistakes on the command line" {
	for mistake in "-l triplets" "-M 0" "-M -1" "-M x" "-d no" "one two" "--nothing"; do
		# shellcheck disable=SC2086 # words are wanted
		run -2 --separate-stderr sn-loss $mistake
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
}

@test "sn-loss: -h" {
	run -0 --separate-stderr sn-loss -h
	[[ $output == "usage: sn-loss "* && -z $stderr ]]
}
