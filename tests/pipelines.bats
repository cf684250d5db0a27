load helper

# A short run: a tenth of the images, which takes seconds; expected-short.tsv says what comes of it.
short() { # short FOLDER [VARIABLE=VALUE...]
	local out=$1
	shift
	[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || skip "dataset-fashion-mnist is absent"
	make -C "$ROOT/pipelines/demo" BIN="$BUILD/bin" OUT="$out" IMAGES=6000 TESTS=2000 PAIRS=4000 EPOCHS=2 \
		CALIBRATION=0.2 EXPECTED=expected-short.tsv "$@"
}

@test "pipelines/demo: a short run gives what is expected, and says what it runs" {
	run -0 --separate-stderr short "$BATS_TEST_TMPDIR/out" all check
	[[ $output == *"sn-train -s 1 "* ]]
	[[ $output == *"sn-verify -m "* ]]
	[[ $output == *"eer "*": ok"* ]]
	cd "$BATS_TEST_TMPDIR/out"
	[ "$(cut -f 1 verified.txt)" = $'yes\nno' ]
	# a second call has nothing to do but to tell
	run -0 --separate-stderr short "$BATS_TEST_TMPDIR/out"
	[[ $output != *sn-train* ]]
	[[ $output == *"eer "* ]]
}

@test "pipelines/demo: what is not expected fails the check" {
	short "$BATS_TEST_TMPDIR/out" IMAGES=1000 TESTS=500 PAIRS=400 EPOCHS=1
	cd "$BATS_TEST_TMPDIR"
	printf 'measure\tleast\tmost\neer\t0\t0.0001\n' >better.tsv
	run -2 --separate-stderr short "$BATS_TEST_TMPDIR/out" IMAGES=1000 TESTS=500 PAIRS=400 EPOCHS=1 check EXPECTED="$PWD/better.tsv"
	[[ $output == *"NOT SO"* ]]
	printf 'measure\tleast\tmost\nunheard-of\t0\t1\n' >unknown.tsv
	run -2 --separate-stderr short "$BATS_TEST_TMPDIR/out" IMAGES=1000 TESTS=500 PAIRS=400 EPOCHS=1 check EXPECTED="$PWD/unknown.tsv"
}

@test "pipelines/demo: two runs give the same model, byte for byte, with one thread and with two" {
	short "$BATS_TEST_TMPDIR/1" IMAGES=3000 TESTS=1000 PAIRS=1000 EPOCHS=1 THREADS=1
	short "$BATS_TEST_TMPDIR/2" IMAGES=3000 TESTS=1000 PAIRS=1000 EPOCHS=1 THREADS=2
	cmp "$BATS_TEST_TMPDIR/1/w.bin" "$BATS_TEST_TMPDIR/2/w.bin"
	cmp "$BATS_TEST_TMPDIR/1/test.tsv" "$BATS_TEST_TMPDIR/2/test.tsv"
}

@test "pipelines/demo: without the images it says what to install" {
	run -2 --separate-stderr make -C "$ROOT/pipelines/demo" BIN="$BUILD/bin" OUT="$BATS_TEST_TMPDIR/out" DATA=/nowhere
	# shellcheck disable=SC2154
	[[ $stderr == *"dataset-fashion-mnist"* ]]
}
