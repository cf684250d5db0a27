load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# refuses MESSAGE COMMAND...: exit 1 and a message that says so
refuses() {
	local words=$1
	shift
	run -1 --separate-stderr "$@"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == "sn-search: "*"$words"* ]] || { echo "wanted '$words', got: $stderr"; false; }
}

# gallery: five items in the plane, two of them in one place
gallery() {
	embeddings g.sn a "[0,0]" a "[3,4]" b "[0,1]" - "[0,1]" c "[9,9]"
}

@test "sn-search: by hand" {
	gallery
	embeddings p.sn x "[0,0]" - "[0,2]"
	run -0 --separate-stderr sn-search -k 3 -t g.sn p.sn
	# k2 and k3 are as far: the first comes first
	[ "${lines[0]}" = $'k0\t1\tk0\t0\ta' ]
	[ "${lines[1]}" = $'k0\t2\tk2\t1\tb' ]
	[ "${lines[2]}" = $'k0\t3\tk3\t1\t-' ]
	[ "${lines[3]}" = $'k1\t1\tk2\t1\tb' ]
	[ "${lines[4]}" = $'k1\t2\tk3\t1\t-' ]
	[ "${lines[5]}" = $'k1\t3\tk0\t2\ta' ]
	[ "${#lines[@]}" -eq 6 ]
	# the nearest alone, and all there are
	run -0 sn-search -t g.sn p.sn
	[ "${#lines[@]}" -eq 2 ]
	run -0 sn-search -k 100 -t g.sn p.sn
	[ "${#lines[@]}" -eq 10 ]
	[ "${lines[4]}" = $'k0\t5\tk4\t12.7279224\tc' ]
}

@test "sn-search: every distance" {
	gallery
	embeddings p.sn x "[0,2]"
	run -0 sn-search -d sqeuclidean -k 2 -t g.sn p.sn
	[[ ${lines[0]} == *$'k2\t1\tb' ]]
	run -0 sn-search -d manhattan -k 4 -t g.sn p.sn
	[[ ${lines[3]} == *$'k1\t5\ta' ]]
	run -0 sn-search -d cosine -k 5 -t g.sn p.sn
	[[ ${lines[0]} == *$'k2\t0\tb' && ${lines[2]} == *$'k1\t0.2'* && ${lines[4]} == *$'k0\t1\ta' ]]
	refuses weights sn-search -d weighted-l1 g.sn p.sn
	local model='"model":{"xxh3":5,"dim":2,"distance":"weighted-l1","margin":1.0,"threshold":null,"head":{"type":"<f4","data":[-1,-1,0]}}'
	sn-cat -t p.sn | sed 's/"kind":"items"/&,'"$model"'/; s/,"xxh3":[0-9]*}$/}/' | json_stream w.sn
	run -0 sn-search -q -k 5 -t g.sn w.sn
	[[ ${lines[0]} == *$'k2\t0.7310585'*$'\tb' ]]
}

@test "sn-search: nobody is within the threshold" {
	gallery
	embeddings p.sn x "[0,0]" y "[20,20]"
	run -0 --separate-stderr sn-search -k 9 -T 1 -v -t g.sn p.sn
	[ "${#lines[@]}" -eq 4 ]
	[ "${lines[3]}" = $'k1\t-\tnobody\t15.5563488\t-' ]
	[[ $stderr == *"2 probes, 1 of them nobody"* ]]
	sn-search -k 9 -T 1 g.sn p.sn >m.sn
	run -0 sn-cat -t m.sn
	[ "${lines[0]}" = '{"sn":1,"kind":"matches","distance":"euclidean","threshold":1.0}' ]
	[ "${lines[1]}" = '{"item":0,"key":"k0","label":"x"}' ]
	[ "${lines[2]}" = '{"probe":0,"rank":1,"item":0,"d":{"f4":0.0},"key":"k0","label":"a"}' ]
	[ "${lines[4]}" = '{"probe":0,"rank":3,"item":3,"d":{"f4":1.0},"key":"k3","label":null}' ]
	[[ ${lines[6]} == '{"probe":1,"rank":0,"item":null,"d":{"f4":15.5'*'}}' ]]
	# the stream goes through sn-cat as it is, and two do not join
	sn-cat m.sn | cmp - m.sn
	cat m.sn m.sn >two.sn
	run -1 sn-cat two.sn
	# the model's threshold is the default, on its own scale
	sn-cat -t p.sn | sed 's/"kind":"items"/&,"model":{"xxh3":5,"dim":2,"distance":"euclidean","margin":1.0,"threshold":0.5,"head":null}/; s/,"xxh3":[0-9]*}$/}/' |
		json_stream q.sn
	run -0 sn-search -q -k 9 -t g.sn q.sn
	[ "${#lines[@]}" -eq 2 ]
	run -0 sn-search -q -k 9 -t -d sqeuclidean g.sn q.sn
	[ "${#lines[@]}" -eq 10 ]
}

@test "sn-search: items of the probe's own key may be left out" {
	gallery
	run -0 sn-search --not-self -t g.sn g.sn
	[ "${lines[0]}" = $'k0\t1\tk2\t1\tb' ]
	[ "${lines[2]}" = $'k2\t1\tk3\t0\t-' ]
	[ "${lines[3]}" = $'k3\t1\tk2\t0\tb' ]
	# where nothing else is there
	embeddings one.sn a "[0,0]"
	run -0 sn-search --not-self -t one.sn one.sn
	[ "$output" = $'k0\t-\tnobody\t-\t-' ]
}

# thousands FILE N SEED: embeddings of 24 numbers in lumps, with copies
thousands() {
	awk -v n="$2" -v seed="$3" 'BEGIN {
		srand(seed)
		print "{\"sn\":1,\"kind\":\"items\"}"
		for (i = 0; i < n; i++) {
			printf "{\"item\":%d,\"key\":\"k%d\",\"label\":\"%d\",\"x\":{\"type\":\"<f4\",\"data\":[", i, i, i % 50
			for (j = 0; j < 24; j++)
				printf "%s%.4f", j ? "," : "", i % 9 == 8 ? j % 3 : (i % 50) * j % 7 + rand()
			print "]}}"
		}
		printf "{\"end\":%d}\n", n
	}' | json_stream "$1"
}

@test "sn-search: what measuring all pairs gives, by any number of threads" {
	thousands g.sn 3000 1
	thousands p.sn 20 2
	# the probes behind the gallery, each paired with all of it
	{
		sn-cat -t g.sn | grep -v '^{"end"' | sed 's/"items"/"pairs"/'
		sn-cat -t p.sn | grep '"item"' | awk -F '[:,]' -v OFS= '{ sub(/"item":[0-9]+/, "\"item\":" (3000 + NR - 1)); print }'
		awk 'BEGIN { for (p = 0; p < 20; p++) for (g = 0; g < 3000; g++) printf "{\"pair\":[%d,%d],\"same\":null}\n", 3000 + p, g; print "{\"end\":63020}" }'
	} | json_stream pairs.sn
	for d in euclidean sqeuclidean manhattan cosine; do
		sn-dist -d $d -t pairs.sn | awk -F '\t' -v OFS='\t' '{ print int((NR - 1) / 3000), $4, (NR - 1) % 3000, $2 }' |
			sort -k1,1n -k2,2g -k3,3n | awk -F '\t' -v OFS='\t' '{ if ($1 != p) n = 0; p = $1; if (n++ < 7) print "k" $1, n, $4, $2 }' >want
		for j in 1 2 3; do
			sn-search -d $d -k 7 -j $j -t g.sn p.sn | cut -f 1-4 | cmp - want
		done
	done
	sn-search -k 7 -j 1 g.sn p.sn >one
	for j in 2 5 0; do sn-search -k 7 -j $j g.sn p.sn | cmp - one; done
	sn-search -k 7 g.sn <p.sn | cmp - one
	sn-search -k 7 g.sn - <p.sn | cmp - one
	sn-search -k 7 - p.sn <g.sn | cmp - one
	SN_ISA=generic sn-search -k 7 g.sn p.sn | cmp - one
	# a probe alone finds what it finds in company
	sn-cat --head 1 p.sn | sn-search -k 7 -t g.sn | cmp - <(sn-search -k 7 -t g.sn p.sn | head -n 7)
}

@test "sn-search: all sections are one set, of the gallery and of the probes" {
	gallery
	embeddings p.sn x "[0,0]" x "[9,9]"
	cat g.sn g.sn >gg.sn
	cat p.sn p.sn >pp.sn
	sn-search -k 2 gg.sn pp.sn >m.sn
	sn-search -k 2 <(sn-cat gg.sn) <(sn-cat pp.sn) | cmp - m.sn
	sn-cat -t m.sn | grep -qF '{"probe":3,"rank":2,"item":9,"d":{"f4":0.0},"key":"k4","label":"c"}'
	sn-cat -t m.sn | grep -qF '{"item":3,"key":"k1","label":"x"}'
}

@test "sn-search: what has no picture" {
	gallery
	json_stream p.sn <<-END
		{"sn":1,"kind":"items"}
		{"item":0,"key":"here","label":null,"x":{"type":"<f4","data":[0,0]}}
		{"item":4,"key":"gone","label":null}
		{"mine":[1,2]}
		{"end":3,"failed":2}
	END
	run -0 --separate-stderr sn-search -t g.sn p.sn
	[ "${lines[1]}" = $'gone\t-\t-\t-\t-' ]
	[[ $stderr == *"1 probes have no picture"* ]]
	run -0 --separate-stderr sn-search -t p.sn g.sn
	[ "${#lines[@]}" -eq 5 ]
	[[ $stderr == *"1 items have no embedding"* ]]
	sn-search -q g.sn p.sn | sn-cat -t >text
	grep -qF '{"mine":[1,2]}' text
	grep -qF '"failed":2' text
	grep -qF '{"probe":4,"rank":null,"item":null,"d":null}' text
}

@test "sn-search: a gallery that is none" {
	gallery
	embeddings empty.sn
	refuses "empty.sn: a gallery without embeddings" sn-search empty.sn g.sn
	refuses "without embeddings" sn-search /dev/null g.sn
	refuses absent.sn sn-search absent.sn g.sn
	embeddings three.sn a "[1,2,3]"
	refuses "x is [3], wanted [2]" sn-search g.sn three.sn
	embeddings both.sn a "[1,2,3]" a "[1,2]"
	refuses "both.sn: record 2" sn-search both.sn g.sn
	picture a.pgm 4 4 9
	sn-load a.pgm -o pictures.sn
	refuses "made by sn-embed" sn-search pictures.sn g.sn
	refuses "made by sn-embed" sn-search g.sn pictures.sn
	sn-cat -t g.sn | sed 's/"items"/"pairs"/; s/,"xxh3":[0-9]*}$/}/' | json_stream pairs.sn
	refuses "this is pairs" sn-search pairs.sn g.sn
	refuses "this is pairs" sn-search g.sn pairs.sn
	refuses large sn-search -d sqeuclidean g.sn <(embeddings /dev/stdout x "[3e38,0]")
}

@test "sn-search: a gallery of another model is refused" {
	gallery
	for n in 5 6; do
		sn-cat -t g.sn | sed 's/"kind":"items"/&,"model":{"xxh3":'$n',"dim":2,"distance":"euclidean","margin":1.0,"threshold":null,"head":null}/; s/,"xxh3":[0-9]*}$/}/' |
			json_stream m$n.sn
	done
	refuses "another model" sn-search m5.sn m6.sn
	sn-search m5.sn m5.sn >/dev/null
	run -0 --separate-stderr sn-search -t m5.sn g.sn
	[[ $stderr == *"the probes do not say which model"* ]]
	run -0 --separate-stderr sn-search -t g.sn m5.sn
	[[ $stderr == *"the gallery's embeddings do not say"* ]]
}

@test "sn-search: NaN is refused, in the gallery and in a probe" {
	gallery
	/usr/bin/python3 - <<-'END' || skip "python3 is absent"
		import struct
		b = open("g.sn", "rb").read()
		b = b.replace(struct.pack("<2f", 3, 4), struct.pack("<2f", float("nan"), 4))
		open("nan.sn", "wb").write(b[:-9] + b"\xc0")
	END
	refuses NaN sn-search nan.sn g.sn
	refuses NaN sn-search g.sn nan.sn
}

@test "sn-search: a damaged gallery answers nothing" {
	gallery
	local size
	size=$(wc -c <g.sn)
	for ((n = 1; n < size; n += 11)); do
		head -c "$n" g.sn >cut.sn
		run -1 --separate-stderr sn-search cut.sn g.sn
		[[ -z $output && $stderr == "sn-search: cut.sn: "* ]]
	done
	# one byte of the last embedding
	sed 's/\x10A/\x10B/g' g.sn >changed.sn
	run ! cmp -s g.sn changed.sn
	refuses "stream sum differs" sn-search changed.sn g.sn
}

@test "sn-search: answers come before more is asked" {
	gallery
	embeddings p.sn x "[0,0]"
	mkfifo questions answers
	sn-search g.sn <questions >answers &
	exec {q}>questions {a}<answers
	# an end is of 20 bytes
	head -c -20 p.sn >&"$q"
	# the probe's match arrives though the section has no end yet
	sn-search g.sn p.sn >whole
	timeout 60 head -c $(($(wc -c <whole) - 20)) <&"$a" >early
	head -c -20 whole | cmp - early
	tail -c 20 p.sn >&"$q"
	exec {q}>&-
	cat early - <&"$a" | cmp - whole
	exec {a}<&-
	wait $!
}

@test "sn-search: a full disk is not success" {
	gallery
	run -1 --separate-stderr bash -c 'sn-search g.sn g.sn >/dev/full'
	[[ $stderr == "sn-search: "*"no space left"* ]]
}

@test "sn-search: mistakes on the command line" {
	gallery
	for mistake in "" "-k 0 g.sn" "-k x g.sn" "-d chebyshev g.sn" "-T nan g.sn" "- -" "-" "g.sn g.sn g.sn" "--nothing g.sn"; do
		# shellcheck disable=SC2086 # words are wanted
		run -2 --separate-stderr sn-search $mistake
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
	run -0 --separate-stderr sn-search -h
	[[ $output == "usage: sn-search "* && -z $stderr ]]
	run -1 --separate-stderr sn-search g.sn /dev/null
	[[ $stderr == *empty* ]]
	run -0 sn-search --allow-empty g.sn /dev/null
	[ -z "$output" ]
}
