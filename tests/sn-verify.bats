load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	for i in 1 2 3 4; do
		mkdir -p "refs" "faces/c$i"
		"$BUILD/tests/make_png" 32 32 "$i" 1 >"p$i.png"
		"$BUILD/tests/make_png" 32 32 1 "$((i + 1))" >"refs/$i.png"
		for j in 1 2 3; do
			"$BUILD/tests/make_png" 32 32 "$i" "$j" >"faces/c$i/$j.png"
		done
	done
	sn-init lenet -o w.bin
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cp -r "$BATS_FILE_TMPDIR"/{refs,faces,w.bin} "$BATS_FILE_TMPDIR"/p?.png .
}

# trouble MESSAGE COMMAND...: exit 2 and one line that says so
trouble() {
	local words=$1
	shift
	run -2 --separate-stderr "$@"
	# shellcheck disable=SC2154 # run sets it
	[[ $stderr == *"$words"* ]] || { echo "wanted '$words', got: $stderr"; false; }
	[ "$(wc -l <<<"$stderr")" -eq 1 ]
	[ -z "$output" ]
}

distance() {
	cut -f 2 <<<"$output"
}

@test "sn-verify: yes, no and the threshold between" {
	run -0 --separate-stderr sn-verify -m w.bin -T 100 p1.png p2.png
	[[ $output == $'yes\t'*$'\t100' ]]
	[ -z "$stderr" ]
	d=$(distance)
	run -1 --separate-stderr sn-verify -m w.bin -T 0 p1.png p2.png
	[ "$output" = "no"$'\t'"$d"$'\t'"0" ]
	[ -z "$stderr" ]
	# a copy is at 0, and 0 <= 0
	cp p1.png copy.png
	run -0 sn-verify -m w.bin -T 0 p1.png copy.png
	[ "$output" = $'yes\t0\t0' ]
}

@test "sn-verify: the same bits as the pipe, alone and in company" {
	run sn-verify -m w.bin -T 0 p1.png p2.png
	here=$(distance)
	[ "$here" != 0 ]
	sn-pair p1.png p2.png | sn-embed -m w.bin | sn-dist -t >pipe
	[ "$(cut -f 4 pipe)" = "$here" ]
	# in a crowd, in both orders of the pipe, on any number of threads
	mkdir crowd
	for i in {10..90}; do "$BUILD/tests/make_png" 32 32 "$i" 1 >"crowd/$i.png"; done
	cp p1.png crowd/15a.png
	cp p2.png crowd/77a.png
	sn-load crowd | sn-pair --all | sn-embed -m w.bin -j 2 | sn-dist -t >all1
	sn-load crowd | sn-embed -m w.bin -j 1 | sn-pair --all | sn-dist -t >all2
	cmp all1 all2
	[ "$(awk -F '\t' '/15a.*77a/ { print $4 }' all1)" = "$here" ]
}

@test "sn-verify: both ways round" {
	run sn-verify -m w.bin -T 0 p1.png p2.png
	one=$output
	run sn-verify -m w.bin -T 0 -j 1 p2.png p1.png
	[ "$output" = "$one" ]
}

@test "sn-verify: several references fold to their mean or the smallest" {
	run -1 sn-verify -m w.bin -T 0 p1.png p2.png
	a=$(distance)
	run -1 sn-verify -m w.bin -T 0 p1.png p3.png
	b=$(distance)
	run -1 sn-verify -m w.bin -T 0 p1.png p2.png p3.png
	awk -v a="$a" -v b="$b" -v m="$(distance)" 'BEGIN { e = (a + b) / 2 - m; exit !(e < 1e-7 * m && e > -1e-7 * m) }'
	run -1 sn-verify -m w.bin -T 0 --fold mean p1.png p2.png p3.png
	m=$(distance)
	run -1 sn-verify -m w.bin -T 0 --fold min p1.png p2.png p3.png
	[ "$(distance)" = "$(awk -v a="$a" -v b="$b" 'BEGIN { print a < b ? a : b }' OFMT=%.9g)" ] ||
		[ "$(distance)" = "$a" ] || [ "$(distance)" = "$b" ]
	[ "$(distance)" != "$m" ]
}

@test "sn-verify: how much farther it is from the references than they from each other" {
	run -1 sn-verify -m w.bin -T 0 p1.png refs/2.png refs/3.png
	m=$(distance)
	run sn-verify -m w.bin -T 0 refs/2.png refs/3.png
	among=$(distance)
	run sn-verify -m w.bin -T 0 --fold excess p1.png refs/2.png refs/3.png
	awk -v e="$(distance)" -v m="$m" -v a="$among" 'BEGIN { f = e - (m - a); exit !(f < 1e-7 * m && f > -1e-7 * m) }'
	# with one it is the mean
	run sn-verify -m w.bin -T 0 --fold excess p1.png p2.png
	one=$output
	run sn-verify -m w.bin -T 0 p1.png p2.png
	[ "$output" = "$one" ]
}

@test "sn-verify: -v tells the references and their distances" {
	run -1 --separate-stderr sn-verify -v -m w.bin -T 0 p1.png p2.png - <p3.png
	[[ $stderr =~ ^"sn-verify: p2.png: distance "[0-9.e-]+$'\n'"sn-verify: <stdin>: distance "[0-9.e-]+$ ]]
}

@test "sn-verify: a folder of references stands for its pictures" {
	run -1 sn-verify -m w.bin -T 0 p1.png refs
	folder=$output
	run -1 sn-verify -m w.bin -T 0 p1.png refs/1.png refs/2.png refs/3.png refs/4.png
	[ "$output" = "$folder" ]
	trouble "4 pictures" sn-verify -m w.bin -T 0 refs p1.png
}

@test "sn-verify: a picture on standard input" {
	run -1 sn-verify -m w.bin -T 0 p1.png p2.png
	one=$output
	run -1 sn-verify -m w.bin -T 0 - p2.png <p1.png
	[ "$output" = "$one" ]
	run -1 sn-verify -m w.bin -T 0 p1.png - <p2.png
	[ "$output" = "$one" ]
	trouble "once" sn-verify -m w.bin -T 0 - - <p1.png
}

@test "sn-verify: the model's threshold, by calibration" {
	trouble "sn-eval --calibrate" sn-verify -m w.bin p1.png p2.png
	sn-pair --all faces | sn-embed -m w.bin | sn-dist >d.sn
	run -0 --separate-stderr sn-eval --calibrate w.bin d.sn
	t=$(awk -F '\t' '$1 == "threshold" { print $2 }' <<<"$output")
	[[ $stderr == *"w.bin: threshold "* ]]
	# 12 pictures of 4 classes by 3
	[[ $output == *$'same\t12\t'* && $output == *$'different\t54\t'* ]]
	run sn-verify -m w.bin p1.png p2.png
	[ "$(cut -f 3 <<<"$output")" = "$t" ]
	# sn-verify and the pipe give the same answers to every pair
	sn-pair --all faces | sn-embed -m w.bin | sn-dist --probability -t >answers
	while IFS=$'\t' read -r a b _ d answer p; do
		run sn-verify -m w.bin "$a" "$b"
		[ "$output" = "$answer"$'\t'"$d"$'\t'"$t"$'\t'"$p" ]
		[ "$status" -eq "$([ "$answer" = yes ] && echo 0 || echo 1)" ]
	done < <(head -n 20 answers)
	# the pair that the threshold comes from is accepted
	grep -q yes answers
	grep -q no answers
}

@test "sn-verify: what cannot be read is trouble, never a no" {
	trouble absent.png sn-verify -m w.bin -T 0 absent.png p1.png
	trouble absent.png sn-verify -m w.bin -T 0 p1.png absent.png
	trouble absent.bin sn-verify -m absent.bin -T 0 p1.png p2.png
	head -c 40 p1.png >cut.png
	trouble cut.png sn-verify -m w.bin -T 0 p1.png p2.png cut.png
	head -c 400 w.bin >cut.bin
	trouble cut.bin sn-verify -m cut.bin -T 0 p1.png p2.png
	mkdir empty
	trouble empty sn-verify -m w.bin -T 0 p1.png empty
	trouble p1.png sn-verify -m p1.png -T 0 p1.png p2.png
}

@test "sn-verify: a full disk is trouble" {
	run -2 --separate-stderr bash -c 'sn-verify -m w.bin -T 100 p1.png p2.png >/dev/full'
	[[ $stderr == "sn-verify: "*"no space left"* ]]
}

@test "sn-verify: mistakes on the command line" {
	for mistake in "p1.png p2.png" "-m w.bin" "-m w.bin p1.png" "-m w.bin -T x p1.png p2.png" \
		"-m w.bin --fold max p1.png p2.png" "-m w.bin --nothing p1.png p2.png"; do
		# shellcheck disable=SC2086 # words are wanted
		run -2 --separate-stderr sn-verify $mistake
		[ -z "$output" ]
		[ "$(wc -l <<<"$stderr")" -eq 1 ]
	done
}

@test "sn-verify: -o and -h" {
	run -0 sn-verify -m w.bin -T 1e9 -o answer p1.png p2.png
	[ -z "$output" ]
	[[ $(cat answer) == yes* ]]
	run -0 --separate-stderr sn-verify -h
	[[ $output == "usage: sn-verify "* && -z $stderr ]]
}
