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

@test "sn-loss: every loss and form is PyTorch's, and its gradient" {
	[ -x /usr/bin/python3 ] || skip "python3 is absent"
	run -0 /usr/bin/python3 "$ROOT/tests/golden/check_losses.py" "$ROOT/tests/golden/losses.jsonl"
	[[ $output == *" 0 differences" ]]
}

# four FILE: items 0 to 3 of two classes at (0,0) (1,0), (0,2) (4,0), all pairs of them
four() {
	embeddings items.sn a "[0,0]" a "[1,0]" b "[0,2]" b "[4,0]"
	sn-pair --all items.sn >"$1"
}

@test "sn-loss: triplets by hand, in their three ways" {
	four in.sn
	# anchor 0: +1, -2 -4; 1: +1, -sqrt 5 -3; 2: +sqrt 20, -2 -sqrt 5; 3: +sqrt 20, -4 -3
	run -0 --separate-stderr sn-loss -t -l triplet -M 0.5 in.sn
	# batch-hard: 0, 0, sqrt 20 - 2 + .5, sqrt 20 - 3 + .5, over 4
	[[ ${lines[0]} == $'mean\t1.23606'* ]]
	[ "${#lines[@]}" -eq 1 ]
	[ -z "$stderr" ]
	run -0 sn-loss -t -l triplet -M 0.5 --mining batch-all in.sn
	# sqrt 20 less 2, sqrt 5, 4 and 3, and .5 each, over 8
	[[ ${lines[0]} == $'mean\t1.0815'* ]]
	run -0 sn-loss -t -l triplet -M 0.5 --mining semi-hard in.sn
	# 1 - 2 + .5 and 1 - sqrt 5 + .5 are below 0; beyond sqrt 20 there is none: the farthest
	[[ ${lines[0]} == $'mean\t0.92705'* ]]
	# what has no loss of its own is left out: the items, and the mean
	sn-loss -l triplet in.sn >out.sn
	run -0 sn-cat -t out.sn
	[ "${#lines[@]}" -eq 7 ]
	[ "${lines[1]}" = '{"item":0,"key":"k0","label":"a"}' ]
	[[ ${lines[5]} == '{"mean":'*',"terms":4}' ]]
}

@test "sn-loss: softmax losses by hand" {
	embeddings items.sn a "[1,0]" a "[2,0]" b "[0,3]"
	sn-pair --all items.sn >in.sn
	# cosines 1, 0, 0: log(1 + e^-1) for both anchors with a positive
	for l in nt-xent supcon; do
		run -0 sn-loss -t -l $l --temperature 1 in.sn
		[[ ${lines[0]} == $'mean\t0.31326168751822'* ]]
	done
	# hard: no negative above 1 - .1, no positive below 0 + .1
	run -0 sn-loss -t -l multi-similarity in.sn
	[ "${lines[0]}" = $'mean\t0' ]
}

@test "sn-loss: cosine and weighted-l1 by hand" {
	embeddings items.sn a "[1,0]" a "[2,0]" b "[3,4]"
	sn-pair --all items.sn >in.sn
	run -0 sn-loss -t -l cosine in.sn
	[ "${lines[0]}" = $'k0\tk1\tsame\t0\t0' ]
	[[ ${lines[1]} == $'k0\tk2\tdifferent\t0.400000006\t0.59999999'* ]]
	sn-dist -d cosine in.sn | sn-loss -l cosine >piped.sn
	sn-loss -l cosine in.sn | cmp - piped.sn
	sn-dist in.sn >euclidean.sn
	refuses "wants the distance cosine, not euclidean" sn-loss -l cosine euclidean.sn
	refuses "wants the distance weighted-l1" sn-loss -l cross-entropy euclidean.sn
	# p = 1/2 where the head is 0: log 2; without -l it is what the distance is made for
	sn-cat -t in.sn | sed -e '1s/}$/,"model":{"dim":2,"distance":"weighted-l1","head":{"type":"<f4","data":[0,0,0]}}}/' \
		-e 's/,"xxh3":[0-9]*//' | json_stream head.sn
	for l in "" "-l cross-entropy"; do
		# shellcheck disable=SC2086 # words are wanted
		run -0 sn-loss -t $l head.sn
		[[ ${lines[0]} == $'k0\tk1\tsame\t0.5\t0.693147180559945'* ]]
		# shellcheck disable=SC2086
		[ "$(sn-dist head.sn | sn-loss -t $l)" = "$output" ]
	done
	refuses "weights" sn-loss -l cross-entropy in.sn
}

@test "sn-loss: sums over pairs are the same from distances and from embeddings" {
	four in.sn
	for l in "double-margin -M 3" "contrastive --form caffe" "contrastive --form caffe-legacy" \
		"contrastive --form keras" "contrastive --form dlib" "contrastive --mean balanced"; do
		# shellcheck disable=SC2086
		sn-loss -l $l in.sn >direct.sn
		# shellcheck disable=SC2086
		sn-dist in.sn | sn-loss -l $l | cmp - direct.sn
	done
	embeddings items.sn a "[1,0]" a "[2,1]" b "[0,2]" b "[4,1]"
	sn-pair --all items.sn >in.sn
	for l in "contrastive --form st" "contrastive --form pml" cosine; do
		# shellcheck disable=SC2086
		sn-loss -l $l in.sn >direct.sn
		# shellcheck disable=SC2086
		sn-dist -d cosine in.sn | sn-loss -l $l | cmp - direct.sn
	done
}

@test "sn-loss: --gradient by hand, items in order, loss in the header" {
	pairs in.sn '"mine":true,"model":{"xxh3":5,"dim":2,"distance":"euclidean","margin":1.0,"threshold":2.0,"head":null}'
	sn-loss --gradient in.sn >g.sn
	run -0 sn-cat -t g.sn
	# one third of (a - b) for the same pair; 1/3 of -0.5 along x for (0,0) and (0.5,0)
	[ "${lines[0]}" = '{"sn":1,"kind":"items","distance":"euclidean","loss":4.208333333333333,"margin":1.0,"mine":true,"objective":"contrastive"}' ]
	[ "${lines[1]}" = '{"item":0,"key":"a/1","label":"a","x":{"type":"<f4","shape":[2],"data":[-0.833333313,-1.33333337]}}' ]
	[ "${lines[2]}" = '{"item":1,"key":"a/2","label":"a","x":{"type":"<f4","shape":[2],"data":[1.0,1.33333337]}}' ]
	[ "${lines[3]}" = '{"item":2,"key":"b/1","label":"b","x":{"type":"<f4","shape":[2],"data":[-0.166666672,0.0]}}' ]
	[ "${lines[4]}" = '{"item":3,"key":"b/2","label":"b","x":{"type":"<f4","shape":[2],"data":[0.0,0.0]}}' ]
	[[ ${lines[5]} == '{"end":4,'* ]]
	[ "${#lines[@]}" -eq 6 ]
	# a section out for each one in
	cat in.sn in.sn | sn-loss --gradient >two.sn
	cat g.sn g.sn | cmp - two.sn
	sn-loss --gradient <in.sn | cmp - g.sn
}

@test "sn-loss: a gradient of embeddings in one point is 0, and no NaN" {
	embeddings items.sn a "[1,2]" a "[1,2]" b "[1,2]" b "[1,2]"
	sn-pair --all items.sn >in.sn
	for l in contrastive double-margin triplet "contrastive --form keras" "contrastive --form dlib" \
		"contrastive --form pml" "contrastive --form st" cosine nt-xent supcon multi-similarity; do
		# shellcheck disable=SC2086
		sn-loss --gradient -l $l in.sn >g.sn
		sn-cat -t g.sn | sed -n 's/.*"data":\[\(.*\)\].*/\1/p' | tr ',' '\n' >numbers
		[ "$(wc -l <numbers)" -eq 8 ]
		awk '!($1 < 1e-6 && $1 > -1e-6) { exit 1 }' numbers
	done
}

@test "sn-loss: items that are missing or in no pair have no gradient, and are no trouble" {
	json_stream in.sn <<-END
		{"sn":1,"kind":"pairs"}
		{"item":3,"key":"a/1","label":"a","x":{"type":"<f4","data":[0,0]}}
		{"item":4,"key":"gone","label":null}
		{"item":7,"key":"a/2","label":"a","x":{"type":"<f4","data":[3,4]}}
		{"item":9,"key":"b/1","label":"b","x":{"type":"<f4","data":[1,1]},"mine":5}
		{"pair":[3,7],"same":true}
		{"end":5}
	END
	sn-loss --gradient in.sn >g.sn
	run -0 sn-cat -t g.sn
	[ "${lines[1]}" = '{"item":3,"key":"a/1","label":"a","x":{"type":"<f4","shape":[2],"data":[-3.0,-4.0]}}' ]
	[ "${lines[2]}" = '{"item":4,"key":"gone","label":null}' ]
	[ "${lines[4]}" = '{"item":9,"key":"b/1","label":"b","x":{"type":"<f4","shape":[2],"data":[0.0,0.0]},"mine":5}' ]
}

@test "sn-loss: what there is nothing to compare in" {
	pairs in.sn
	sn-cat -t in.sn | sed 's/"same":true/"same":false/; s/,"xxh3":[0-9]*//' | json_stream different.sn
	for l in triplet nt-xent supcon; do
		refuses "no image of these pairs has the partners" sn-loss -l $l different.sn
		# in training it is a step that moves nothing
		sn-loss --gradient -l $l different.sn >g.sn
		sn-cat -t g.sn >text
		grep -q '"loss":0.0' text
	done
	refuses "without pairs" sn-loss -l triplet <(sn-cat -t in.sn | sed '/"pair"/d; s/"end":7.*/"end":4}/' | sn-cat --from-json)
}

@test "sn-loss: losses of partners want embeddings, and pairs that agree" {
	pairs in.sn
	sn-dist in.sn >d.sn
	refuses "leave sn-dist out" sn-loss -l triplet d.sn
	refuses "leave sn-dist out" sn-loss --gradient d.sn
	sn-cat -t in.sn | sed 's/\[0,2\]/[0,1]/; s/,"xxh3":[0-9]*//' | json_stream twice.sn
	refuses "paired twice" sn-loss -l supcon twice.sn
	sn-cat -t in.sn | sed 's/\[0,2\],"same":false/[0,2],"same":null/; s/,"xxh3":[0-9]*//' | json_stream nil.sn
	refuses "same or different" sn-loss -l triplet nil.sn
	refuses "same or different" sn-loss --gradient nil.sn
}

@test "sn-loss: options of another loss, and numbers out of range" {
	pairs in.sn
	for mistake in "--form nobody" "-l triplet --form keras" "--temperature 1" "-l supcon --temperature 0" \
		"-l cosine -M 1" "-l cosine -M -2" "-l triplet -M 0" "--mining batch-hard" "-M auto" "--beta 5" \
		"-l double-margin -M 1 --same-margin 2" "--same-margin 0.1" "-l multi-similarity --alpha 0" \
		"-l triplet --mining all" "--mean median"; do
		# shellcheck disable=SC2086 # words are wanted
		run -2 --separate-stderr sn-loss $mistake in.sn
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
}

@test "sn-loss: the history has what the loss has a use for" {
	pairs in.sn
	unset SN_NO_HISTORY
	sn-loss in.sn >out.sn
	run -0 sn-cat -t out.sn
	[[ ${lines[0]} == *'"options":{"distance":"euclidean","loss":"contrastive","margin":1.0}'* ]]
	sn-loss -l supcon in.sn >out.sn
	run -0 sn-cat -t out.sn
	[[ ${lines[0]} == *'"options":{"distance":"cosine","loss":"supcon","temperature":0.1000'* ]]
}

@test "sn-loss: a gradient cut anywhere is damage, and a full disk no success" {
	pairs in.sn
	local size
	size=$(wc -c <in.sn)
	for ((n = 1; n < size; n += 31)); do
		head -c "$n" in.sn >cut.sn
		run -1 --separate-stderr sn-loss --gradient cut.sn
		[[ $stderr == "sn-loss: "* && -z $output ]]
	done
	run -1 --separate-stderr bash -c 'sn-loss --gradient in.sn >/dev/full'
	[[ $stderr == "sn-loss: "*"no space left"* ]]
}
