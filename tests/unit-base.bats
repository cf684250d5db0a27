load helper

@test "unit: error" { run -0 "$BUILD/tests/test_error"; }
@test "unit: memory" { run -0 "$BUILD/tests/test_memory"; }
@test "unit: random" { run -0 "$BUILD/tests/test_random"; }
@test "unit: threads" { run -0 "$BUILD/tests/test_threads"; }
@test "unit: file" { run -0 "$BUILD/tests/test_file" "$BATS_TEST_TMPDIR"; }
@test "unit: cli" { run -0 "$BUILD/tests/test_cli" </dev/null; }

@test "unit: progress is drawn on a terminal and wiped" {
	need_terminal
	command -v script >/dev/null || skip "script(1) is absent"
	run -0 script -qec "$BUILD/tests/test_progress" /dev/null </dev/null
	[[ $output == *$'\r100/400 (25%) images, '*'/s, '*' left, loss 0.50'* ]]
	[[ $output == *$'\r400/400 (100%) images, '* ]]
	[[ $output == *$'\r5 (75%) pairs, '*'/s, 0:00 left'* ]]
	[[ $output == *$'\r7 records, '*'/s'* ]]
	[[ $output =~ $'\r'\ +$'\r'+$ ]]
	run -0 script -qec "$BUILD/tests/test_progress quiet" /dev/null </dev/null
	[ -z "$output" ]
}

@test "unit: progress is silent elsewhere" {
	run -0 "$BUILD/tests/test_progress"
	[ -z "$output" ]
}
