load helper

# The clock judges nothing here: valgrind counts, and counts are the same in every run.
@test "bench: the hot loops take no more instructions than was recorded" {
	run "$ROOT/tests/bench/instructions" "$BUILD"
	[ "$status" -ne 3 ] || skip "$output"
	echo "$output"
	[ "$status" -eq 0 ]
}
