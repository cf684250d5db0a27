load helper

# pairs FILE ["HEADER KEYS"]: four embeddings; their pairs, of which one lacks a picture
pairs() {
	json_stream "$1" <<-END
		{"sn":1,"kind":"pairs"${2:+,$2}}
		{"item":0,"key":"f/a/1","label":"a","x":{"type":"<f4","data":[0,0]},"note":"kept"}
		{"item":1,"key":"f/a/2","label":"a","x":{"type":"<f4","data":[3,4]}}
		{"item":3,"key":"f/b/1","label":"b","x":{"type":"<f4","data":[3,0]}}
		{"item":4,"key":"gone","label":null}
		{"item":5,"key":"f/a/3","label":"a","x":{"type":"<f4","data":[3,4]}}
		{"pair":[0,1],"same":true,"trial":7}
		{"pair":[3,1],"same":false}
		{"pair":[0,4],"same":null}
		{"pair":[1,5],"same":true}
		{"end":9}
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

@test "sn-dist: 3-4-5 by hand" {
	pairs in.sn
	run -0 --separate-stderr sn-dist -t in.sn
	[ "${lines[0]}" = $'f/a/1\tf/a/2\tsame\t5' ]
	[ "${lines[1]}" = $'f/b/1\tf/a/2\tdifferent\t4' ]
	[ "${lines[2]}" = $'f/a/1\tgone\t-\t-' ]
	[ "${lines[3]}" = $'f/a/2\tf/a/3\tsame\t0' ]
	[ "${#lines[@]}" -eq 4 ]
	[ -z "$stderr" ]
}

@test "sn-dist: every distance by hand" {
	pairs in.sn
	run -0 sn-dist -t -d sqeuclidean in.sn
	[[ ${lines[0]} == *$'\t25' && ${lines[1]} == *$'\t16' && ${lines[3]} == *$'\t0' ]]
	run -0 sn-dist -t -d manhattan in.sn
	[[ ${lines[0]} == *$'\t7' && ${lines[1]} == *$'\t4' && ${lines[3]} == *$'\t0' ]]
	# a vector of no length is 1 from everything; cos = 3/5; a copy is 0
	run -0 sn-dist -t -d cosine in.sn
	[[ ${lines[0]} == *$'\t1' && ${lines[1]} == *$'\t0.400000006' && ${lines[3]} == *$'\t0' ]]
}

@test "sn-dist: yes means d <= threshold" {
	pairs in.sn
	run -0 sn-dist -t -T 4 in.sn
	[[ ${lines[0]} == *$'\t5\tno' && ${lines[1]} == *$'\t4\tyes' && ${lines[2]} == *$'\t-\t-' ]]
	[[ ${lines[3]} == *$'\t0\tyes' ]]
	run -0 sn-dist -t -T 3.9999999 in.sn
	[[ ${lines[1]} == *$'\t4\tno' ]]
}

@test "sn-dist: what goes out" {
	pairs in.sn '"mine":[1,2]'
	sn-dist -d manhattan -T 2.5 in.sn >out.sn
	run -0 sn-cat -t out.sn
	[ "${lines[0]}" = '{"sn":1,"kind":"distances","distance":"manhattan","mine":[1,2],"threshold":2.5}' ]
	[ "${lines[1]}" = '{"item":0,"key":"f/a/1","label":"a","note":"kept"}' ]
	[ "${lines[4]}" = '{"item":4,"key":"gone","label":null}' ]
	[ "${lines[6]}" = '{"pair":[0,1],"same":true,"trial":7,"d":7.0}' ]
	[ "${lines[8]}" = '{"pair":[0,4],"same":null,"d":null}' ]
	[[ ${lines[10]} == '{"end":9,'* ]]
}

@test "sn-dist: the history says what was done" {
	pairs in.sn
	(unset SN_NO_HISTORY; sn-dist -d cosine in.sn | sn-cat -t) >text
	grep -q '"cmd":"sn-dist"' text
	grep -q '"options":{"distance":"cosine","threshold":null}' text
}

@test "sn-dist: the model's distance and threshold are the defaults" {
	pairs in.sn '"model":{"xxh3":5,"dim":2,"distance":"manhattan","margin":1.0,"threshold":4.0,"head":null}'
	run -0 sn-dist -t in.sn
	[[ ${lines[0]} == *$'\t7\tno' && ${lines[1]} == *$'\t4\tyes' ]]
	run -0 sn-dist -t -d manhattan in.sn
	[[ ${lines[1]} == *$'\t4\tyes' ]]
	run -0 sn-dist -t -T 3 in.sn
	[[ ${lines[1]} == *$'\t4\tno' ]]
	# on another scale the model's threshold means nothing
	run -0 sn-dist -t -d euclidean in.sn
	[[ ${lines[0]} == *$'\t5' && ${lines[1]} == *$'\t4' ]]
	run -0 sn-dist -t -d euclidean -T 4 in.sn
	[[ ${lines[1]} == *$'\t4\tyes' ]]
}

@test "sn-dist: the probability of same, by hand" {
	local model='"model":{"xxh3":5,"dim":2,"distance":"manhattan","margin":1.0,"threshold":4.0,"head":null,"probability":{"offset":-8.0,"prior":0.5,"slope":2.0}}'
	pairs in.sn "$model"
	run -0 sn-dist -t --probability in.sn
	# 1 / (1 + e^(2 d - 8)) at 7, 4 and 0
	[[ ${lines[0]} == *$'\t7\tno\t0.00247262325' && ${lines[1]} == *$'\t4\tyes\t0.5' ]]
	[[ ${lines[2]} == *$'\t-\t-\t-' && ${lines[3]} == *$'\t0\tyes\t0.999664664' ]]
	sn-dist --probability -o p.sn in.sn
	sn-cat -t p.sn >text
	grep -qF '"probability":{"offset":-8.0,"prior":0.5,"slope":2.0}' text
	grep -qF '"d":4.0,"p":{"f4":0.5}}' text
	grep -qF '"d":null,"p":null}' text
	sn-cat p.sn | cmp - p.sn
	# else nothing of it, and the distances are the same
	sn-dist -t in.sn | cmp - <(cut -f 1-5 <<<"$output")
	run -0 sn-dist -t in.sn
	[[ ${lines[1]} == *$'\t4\tyes' ]]
	refuses manhattan sn-dist -d cosine --probability in.sn
	pairs in.sn
	refuses calibrate sn-dist --probability in.sn
}

@test "sn-dist: old d and p are replaced where they are" {
	local model='"model":{"xxh3":5,"dim":1,"distance":"euclidean","margin":1.0,"threshold":null,"head":null,"probability":{"offset":0.0,"prior":0.5,"slope":1.0}}'
	{
		echo '{"sn":1,"kind":"pairs",'"$model"'}'
		echo '{"item":0,"key":"a","label":"a","x":{"type":"<f4","data":[0]}}'
		echo '{"item":1,"key":"b","label":"a","x":{"type":"<f4","data":[0]}}'
		for more in '' '"d":null,' '"p":null,' '"d":null,"p":7.5,' '"p":"long text","d":1.0,' '"d":2.5,"z":1,"p":null,' '"p":null,"y":2,"d":null,'; do
			echo '{"pair":[0,1],'"$more"'"same":true,"other":[1,2,3]}'
		done
		echo '{"pair":[0,1],"same":true,"a":1,"b":1,"c":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1}'
		echo '{"pair":[0,1],"same":true,"d":null,"a":1,"b":1,"c":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1}'
		echo '{"pair":[0,1],"same":true,"a":1,"b":1,"c":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"p":[],"l":1}'
		echo '{"end":12}'
	} | json_stream in.sn
	sn-dist --probability in.sn | sn-cat -t >text
	[ "$(grep -c '"d":0.0[,}]' text)" -eq 10 ]
	[ "$(grep -cF '"p":{"f4":0.5}' text)" -eq 10 ]
	grep -qF '"p":{"f4":0.5},"y":2,"d":0.0,"same":true' text
	sn-dist in.sn | sn-cat -t >text
	[ "$(grep -c '"d":0.0[,}]' text)" -eq 10 ]
	grep -qF '"p":"long text","d":0.0' text
}

@test "sn-dist: weighted-l1 by hand" {
	local model='"model":{"xxh3":5,"dim":2,"distance":"weighted-l1","margin":1.0,"threshold":null,"head":'
	pairs in.sn "$model"'{"type":"<f4","data":[1,-1,0.5]}}'
	run -0 sn-dist -t in.sn
	# 1 / (1 + e^(3 - 4 + 0.5)), and the bias alone for a copy
	[[ ${lines[0]} == *$'\t0.622459352' && ${lines[3]} == *$'\t0.377540678' ]]
	pairs in.sn "$model"'{"type":"<f4","data":[1,-1]}}'
	refuses weights sn-dist in.sn
	pairs in.sn
	refuses weights sn-dist -d weighted-l1 in.sn
}

@test "sn-dist: both orders of a pair give the same bits" {
	local x="" i
	for i in {1..37}; do
		x+=",0.$((i * 7919 % 1000))"
	done
	for d in euclidean sqeuclidean manhattan cosine; do
		json_stream two.sn <<-END
			{"sn":1,"kind":"pairs"}
			{"item":0,"key":"a","label":"a","x":{"type":"<f4","data":[${x#,}]}}
			{"item":1,"key":"b","label":"a","x":{"type":"<f4","data":[${x#,*,},0.5]}}
			{"pair":[0,1],"same":true}
			{"pair":[1,0],"same":true}
			{"end":4}
		END
		run -0 sn-dist -t -d "$d" two.sn
		[ "$(cut -f 4 <<<"${lines[0]}")" = "$(cut -f 4 <<<"${lines[1]}")" ]
		[ "$(cut -f 4 <<<"${lines[0]}")" != 0 ]
	done
}

@test "sn-dist: a file, standard input and - are the same" {
	pairs in.sn
	sn-dist in.sn >file
	sn-dist <in.sn >stdin
	sn-dist - <in.sn >dash
	sn-dist -o named in.sn
	cmp file stdin
	cmp file dash
	cmp file named
}

@test "sn-dist: one section per section read, each with numbers of its own" {
	pairs in.sn
	cat in.sn in.sn | sn-dist >two
	sn-dist in.sn >one
	cat one one | cmp - two
	# the second may be longer
	json_stream long.sn <<-END
		{"sn":1,"kind":"pairs"}
		{"item":0,"key":"a","label":"a","x":{"type":"<f4","data":[0,0,1]}}
		{"item":1,"key":"b","label":"a","x":{"type":"<f4","data":[0,0,3]}}
		{"pair":[0,1],"same":true}
		{"end":3}
	END
	cat in.sn long.sn | sn-dist -t >text
	[[ $(tail -n 1 text) == *$'\t2' ]]
}

@test "sn-dist: a window forgets what no pair can ask for" {
	{
		echo '{"sn":1,"kind":"pairs","window":2}'
		for i in {0..99}; do
			echo '{"item":'"$i"',"key":"k","label":"l","x":{"type":"<f4","data":['"$i"']}}'
			[ "$i" -lt 2 ] || echo '{"pair":['"$((i - 2)),$i"'],"same":true}'
		done
		echo '{"end":198}'
	} | json_stream in.sn
	run -0 sn-dist -t in.sn
	[ "${#lines[@]}" -eq 98 ]
	[ "$(cut -f 4 <<<"$output" | sort -u)" = 2 ]
	{
		echo '{"sn":1,"kind":"pairs","window":2}'
		for i in {0..99}; do
			echo '{"item":'"$i"',"key":"k","label":"l","x":{"type":"<f4","data":['"$i"']}}'
		done
		echo '{"pair":[0,99],"same":true}'
		echo '{"end":101}'
	} | json_stream in.sn
	refuses window sn-dist in.sn
}

@test "sn-dist: pictures that could not be loaded are passed on" {
	pairs in.sn
	sn-cat -t in.sn | sed 's/{"end":9.*/{"end":9,"failed":2}/' | json_stream failed.sn
	sn-dist failed.sn >out.sn
	sn-cat -t out.sn | grep -q '"end":9,"failed":2'
}

@test "sn-dist: wrong kinds and wrong shapes" {
	embeddings items.sn a "[0,0]" b "[3,4]"
	refuses "this is items" sn-dist items.sn
	pairs in.sn
	sn-dist in.sn >out.sn
	refuses "this is distances" sn-dist out.sn
	sn-cat -t in.sn | sed 's/"shape":\[2\],"data":\[3.0,0.0\]/"shape":[3],"data":[3.0,0.0,1.0]/; s/,"xxh3":[0-9]*//' |
		json_stream bad.sn
	refuses "wanted [2]" sn-dist bad.sn
	json_stream pictures.sn <<-END
		{"sn":1,"kind":"pairs"}
		{"item":0,"key":"a","label":"a","x":{"type":"|u1","shape":[1,2,1],"data":[0,0]}}
		{"item":1,"key":"b","label":"a","x":{"type":"|u1","shape":[1,2,1],"data":[3,0]}}
		{"pair":[0,1],"same":true}
		{"end":3}
	END
	refuses "sn-embed" sn-dist pictures.sn
}

@test "sn-dist: what is too large for a float is said" {
	json_stream large.sn <<-END
		{"sn":1,"kind":"pairs"}
		{"item":0,"key":"a","label":"a","x":{"type":"<f4","data":[1e30]}}
		{"item":1,"key":"b","label":"a","x":{"type":"<f4","data":[-1e30]}}
		{"pair":[0,1],"same":true}
		{"end":3}
	END
	sn-dist -t large.sn
	refuses infinite sn-dist -d sqeuclidean large.sn
}

@test "sn-dist: NaN is refused" {
	pairs in.sn
	# the 3 of [3,4] becomes a NaN, and the sum is left out
	/usr/bin/python3 - <<-'END' || skip "python3 is absent"
		import struct
		b = open("in.sn", "rb").read()
		b = b.replace(struct.pack("<2f", 3, 4), struct.pack("<2f", float("nan"), 4))
		open("nan.sn", "wb").write(b[:-9] + b"\xc0")
	END
	refuses NaN sn-dist nan.sn
}

@test "sn-dist: a stream cut anywhere is damage" {
	pairs in.sn
	local size
	size=$(wc -c <in.sn)
	for ((n = 1; n < size; n += 7)); do
		head -c "$n" in.sn >cut.sn
		run -1 --separate-stderr sn-dist cut.sn
		[[ $stderr == "sn-dist: "* ]]
	done
	head -c -1 in.sn >cut.sn
	run -1 sn-dist cut.sn
}

@test "sn-dist: damage leaves the named output alone" {
	pairs in.sn
	head -c -5 in.sn >cut.sn
	echo precious >out
	run -1 sn-dist -o out cut.sn
	[ "$(cat out)" = precious ]
}

@test "sn-dist: any byte changed is damage" {
	pairs in.sn
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
		run -1 --separate-stderr sn-dist changed.sn
		[[ $stderr == "sn-dist: "* ]]
	done
}

@test "sn-dist: nothing is an error unless it may be" {
	refuses "empty" sn-dist /dev/null
	run -0 sn-dist --allow-empty /dev/null
	[ -z "$output" ]
}

@test "sn-dist: a full disk is not success" {
	pairs in.sn
	run -1 --separate-stderr bash -c 'sn-dist in.sn >/dev/full'
	[[ $stderr == "sn-dist: "*"no space left"* ]] 
}

@test "sn-dist: mistakes on the command line" {
	for mistake in "-d chebyshev" "-T 4x" "-T nan" "--frobnicate" "one two" "-T"; do
		# shellcheck disable=SC2086 # words are wanted
		run -2 --separate-stderr sn-dist $mistake
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -1 --separate-stderr sn-dist absent.sn
	[[ $stderr == *absent.sn* ]]
}

@test "sn-dist: -h" {
	run -0 --separate-stderr sn-dist -h
	[[ $output == "usage: sn-dist "* && -z $stderr ]]
}

@test "sn-dist: every instruction set gives the same bits" {
	{
		echo '{"sn":1,"kind":"pairs"}'
		for i in 0 1 2; do
			printf '{"item":%d,"key":"k%d","label":null,"x":{"type":"<f4","data":[' $i $i
			for ((k = 0; k < 69; k++)); do printf '%s0.%d' "$([ $k = 0 ] || echo ,)" $(((i * 7919 + k * 104729) % 99991)); done
			echo ']}}'
		done
		echo '{"pair":[0,1],"same":null}'
		echo '{"pair":[2,1],"same":null}'
		echo '{"end":5}'
	} | json_stream in.sn
	for d in euclidean manhattan cosine; do
		SN_ISA=generic sn-dist -d $d in.sn -o generic.sn
		for isa in v2 v3 v4; do
			sn-dist -q -d $d in.sn -o some.sn
			SN_ISA=$isa sn-dist -q -d $d in.sn -o other.sn
			cmp generic.sn other.sn
			cmp generic.sn some.sn
		done
	done
}

# thousands FILE [MORE]: 150 embeddings, one item without, all their pairs; MORE: a record behind the 8000th
thousands() {
	awk -v more="${2-}" 'BEGIN {
		print "{\"sn\":1,\"kind\":\"pairs\"}"
		for (i = 0; i < 150; i++)
			printf "{\"item\":%d,\"key\":\"k%d\",\"label\":\"%d\",\"x\":{\"type\":\"<f4\",\"data\":[%d,%.3f,%s]}}\n",
				i, i, i % 7, i % 13, i * i % 101 / 8, i == 149 ? "3e38" : "0.5"
		print "{\"item\":150,\"key\":\"none\",\"label\":null}"
		n = 151
		for (b = 1; b < 151; b++)
			for (a = 0; a < b; a++) {
				if (b == 149 && a > 3)
					continue
				printf "{\"pair\":[%d,%d],\"same\":%s}\n", a, b, b == 150 ? "null" : a % 7 == b % 7 ? "true" : "false"
				if (++n == 8000 && more) { print more; n++ }
			}
		printf "{\"end\":%d}\n", n
	}' | json_stream "$1"
}

@test "sn-dist: thousands of pairs, the same bytes for any number of threads" {
	thousands in.sn '{"something":"else"}'
	for form in '' -t; do
		sn-dist $form -j 1 in.sn -o one
		for j in 2 3 5 0; do
			sn-dist $form -j $j in.sn -o some
			cmp one some
			sn-dist $form -j $j <in.sn >some
			cmp one some
		done
	done
	[ "$(grep -c . one)" -eq 11180 ]
	[ "$(grep -c -- '-$' one)" -eq 150 ]
	# a pair on its own gives what it gives among them
	sn-cat -t in.sn | grep '"sn"\|"item":3,\|"item":95,\|"pair":\[3,95\]' | sed '$a{"end":3}' | json_stream alone.sn
	sn-dist -t alone.sn >alone
	[ "$(wc -l <alone)" -eq 1 ]
	grep -qxF "$(cat alone)" one
}

@test "sn-dist: what comes before a pair that fails is written" {
	thousands in.sn
	for j in 1 2 5; do
		run -1 --separate-stderr sn-dist -t -d sqeuclidean -j $j in.sn
		[[ $stderr == "sn-dist: in.sn: pair [0, 149]: the distance of 'k0' and 'k149' is infinite; "* ]]
		[ "${#lines[@]}" -eq 11026 ]
	done
	# and what comes before damage
	sn-dist -t in.sn >whole
	head -c 100000 in.sn >cut.sn
	for j in 1 2 5; do
		run -1 --separate-stderr sn-dist -t -j $j cut.sn
		[[ $stderr == *truncated* ]]
		[ "${#lines[@]}" -gt 3000 ]
		head -n "${#lines[@]}" whole | cmp - <(printf '%s\n' "${lines[@]}")
	done
}
