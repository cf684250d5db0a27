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

# ---- short forms of the others: a few pictures, an epoch or two ----

# pipeline FOLDER VARIABLE=VALUE...: results and their check against expected-short.tsv
pipeline() {
	local name=$1
	shift
	run -0 --separate-stderr make -s -C "$ROOT/pipelines/$name" BIN="$BUILD/bin" OUT="$BATS_TEST_TMPDIR/out" EXPECTED=expected-short.tsv "$@" all check
	[[ $output == *": ok"* && $output != *"NOT SO"* ]]
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/out/results.tsv")" = $'task\tmeasure\tvalue\tlower\tupper\tn\tseconds' ]
}

# alphabets FOLDER NAME...: of Omniglot
alphabets() {
	local folder=$BATS_TEST_TMPDIR/$1
	shift
	mkdir -p "$folder"
	tar -C "$folder" --strip-components 2 -xJf "$SHARED/data/omniglot.tar.xz" "${@/#/omniglot/images_background/}"
}

@test "pipelines/fashion: kinds that were learned, and kinds that were not" {
	[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || skip "dataset-fashion-mnist is absent"
	pipeline fashion IMAGES=2000 TESTS=1000 PAIRS=1000 EPOCHS=2 EPOCHS_unseen=1
}

@test "pipelines/mnist: four IDX files of ten kinds" {
	[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] || skip "dataset-fashion-mnist is absent"
	# clothes will do to see that it runs
	pipeline mnist DATA=/usr/share/datasets/fashion-mnist IMAGES=1000 TESTS=1000 PAIRS=1000 EPOCHS=2 TASKS=seen
}

@test "pipelines/omniglot: alphabets to learn from, others to measure on, and runs" {
	[ -f "$SHARED/data/omniglot.tar.xz" ] || skip "$SHARED/data/omniglot.tar.xz is absent"
	alphabets train Braille Greek Korean
	alphabets test Latin Tifinagh
	# a run of twenty questions as Lake's are
	run=$BATS_TEST_TMPDIR/runs/run01
	mkdir -p "$run/training" "$run/test"
	for i in $(seq -w 1 20); do
		cp "$BATS_TEST_TMPDIR/test/Latin/character$i/"*_03.png "$run/training/class$i.png"
		cp "$BATS_TEST_TMPDIR/test/Latin/character$i/"*_07.png "$run/test/item$i.png"
		echo "run01/test/item$i.png run01/training/class$i.png"
	done >"$run/class_labels.txt"
	pipeline omniglot TRAIN="$BATS_TEST_TMPDIR/train" TEST="$BATS_TEST_TMPDIR/test" RUNS="$BATS_TEST_TMPDIR/runs" TURNS= EPOCHS=2 BATCH=20x4 CALIBRATION=0.3 TRIALS=300 PAIRS=1000
}

@test "pipelines/faces: each person by a network that has not seen them" {
	need_data orl.tar.xz
	pipeline faces DATA="$BATS_TEST_TMPDIR/data/orl" COPIES=4 FOLDS=2
}

@test "pipelines/faces: two runs give the same table but for the seconds, with one thread and with two" {
	need_data orl.tar.xz
	for threads in 1 2; do
		make -s -C "$ROOT/pipelines/faces" BIN="$BUILD/bin" OUT="$BATS_TEST_TMPDIR/$threads" DATA="$BATS_TEST_TMPDIR/data/orl" COPIES=1 FOLDS=2 THREADS=$threads
		cut -f 1-6 "$BATS_TEST_TMPDIR/$threads/results.tsv" >"$BATS_TEST_TMPDIR/$threads.tsv"
	done
	cmp "$BATS_TEST_TMPDIR/1.tsv" "$BATS_TEST_TMPDIR/2.tsv"
	cmp "$BATS_TEST_TMPDIR/1/1/w.bin" "$BATS_TEST_TMPDIR/2/1/w.bin"
}

@test "pipelines/signatures: against several references, two sets" {
	need_data cedar-ink.tar.xz
	need_data sigcomp2011-ink.tar.xz
	pipeline signatures DATA="$BATS_TEST_TMPDIR/data" EPOCHS_cedar=1 EPOCHS_sigcomp=1
}

@test "pipelines/crossmedia: names by writers that were not learned from" {
	need_data crossmedia.tar.xz
	mkdir "$BATS_TEST_TMPDIR/some"
	mv "$BATS_TEST_TMPDIR"/data/crossmedia/[1-4]? "$BATS_TEST_TMPDIR/some"
	pipeline crossmedia DATA="$BATS_TEST_TMPDIR/some" EPOCHS=1 PAIRS=1000
}

@test "pipelines/presets: what a network has learnt, and what it was before" {
	need_data orl.tar.xz
	pipeline presets DATA="$BATS_TEST_TMPDIR/data" PRESETS=faces TRAIN_faces='-e 3 --batch 10x5 -r 0.0005'
}

@test "pipelines: where no pictures are named, they say what is wanted" {
	for name in omniglot faces signatures crossmedia presets mnist; do
		run -2 --separate-stderr make -s -C "$ROOT/pipelines/$name" BIN="$BUILD/bin" OUT="$BATS_TEST_TMPDIR/out"
		[[ $stderr == *"say DATA=FOLDER"* ]]
	done
}
