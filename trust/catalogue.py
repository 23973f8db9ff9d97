"""The rows of the catalogue of reward hacks: which kind each is, what stands for it here, and why
some have no file."""

from __future__ import annotations

from collections.abc import Mapping

#: Rows that the contract closes: a header or source that tries has to be refused before it runs.
CONTRACT = (1, 2, 3, 4, 5, 6, 7, 8, 30, 61, 65, 66, 74)
#: Rows that live in device code and have to be caught by running it.
DEVICE = (
    *(7, 14, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 31, 32, 33, 34, 36),
    *(40, 41, 42, 43, 44, 45, 46, 48, 53, 54, 55, 56, 57, 58),
    *(65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 81),
)
#: Rows without a file, and the reason.
EXCEPTIONS: Mapping[int, str] = {
    3: "a kernel returns no object that could be lazy: outputs are bytes in memory of ours",
    28: "the generator runs in another process and no shader reaches it; knowing what it draws is"
    " hard-coding, row 29",
    48: "a ghost branch is right and as fast as it is measured to be; no claim about how a kernel"
    " works is published, and the checked build counts what it does",
}

_HARNESS, _KERNELS, _TRUST = "tests/unit/harness", "tests/unit/kernels", "tests/unit/trust"
_AUDIT = f"{_HARNESS}/test_audit.py::test_every_problem_refuses_every_mutant_at_its_check_sizes"
_ROWS = f"{_TRUST}/test_harness_rows.py"
#: Rows that are faults of harness, problem or process: tests that would fail if we had them.
HARNESS: Mapping[int, tuple[str, ...]] = {
    9: (f"{_HARNESS}/test_figures.py::test_bandwidth_flags",),
    10: (f"{_HARNESS}/test_clock.py::test_two_clocks_never_meet",),
    11: (f"{_HARNESS}/test_figures.py::test_a_time_near_an_empty_run_is_overhead_bound",),
    12: (
        f"{_HARNESS}/test_measurement_acceptance.py"
        "::test_08_a_slow_first_visit_does_not_bias_the_estimate",
        f"{_HARNESS}/test_measure.py::test_orders_are_balanced_random_and_repeatable",
    ),
    13: (
        f"{_HARNESS}/test_measurement_acceptance.py"
        "::test_06_a_time_of_zero_is_invalid_and_the_json_stays_strict",
        f"{_HARNESS}/test_verdict.py::test_times_within_a_few_ticks_are_no_times",
    ),
    14: (f"{_ROWS}::test_a_time_of_nothing_never_enters_a_mean",),
    15: (f"{_HARNESS}/test_kernel_side.py::test_every_instance_gets_fresh_values_and_poison",),
    16: (
        f"{_HARNESS}/test_kernel_side.py::test_samples_are_timed_by_the_host_and_hold_as_many_runs",
    ),
    17: (
        f"{_HARNESS}/test_mlx_side.py::test_the_fastest_right_form_is_the_baseline",
        f"{_HARNESS}/test_mlx_side.py::test_a_wrong_reference_is_said",
    ),
    18: (
        f"{_HARNESS}/test_measurement_acceptance.py"
        "::test_02_a_thousand_null_comparisons_stay_within_their_error",
        f"{_HARNESS}/test_promotion.py::test_without_a_confirmed_win_the_record_stays",
    ),
    27: (f"{_HARNESS}/test_compare.py::test_nan_is_no_wildcard_for_the_published_verdict_either",),
    32: (_AUDIT,),
    33: (_AUDIT,),
    34: (_AUDIT,),
    35: (f"{_ROWS}::test_no_input_is_constant",),
    36: (f"{_KERNELS}/test_definitions.py::test_dot_product_mutants_are_refused",),
    37: (
        f"{_HARNESS}/test_tolerance.py"
        "::test_a_product_in_single_precision_passes_and_in_half_does_not",
    ),
    38: (f"{_HARNESS}/test_compare.py::test_mutants_of_the_checker_are_caught",),
    39: (f"{_HARNESS}/test_tolerance.py::test_relative_l2_judges_rows",),
    47: (f"{_HARNESS}/test_evaluator.py::test_wrong_only_at_the_requested_size",),
    49: (f"{_HARNESS}/test_compare.py::test_classes_of_the_oracle_are_demanded",),
    50: (f"{_ROWS}::test_an_oracle_is_mandatory",),
    51: (f"{_HARNESS}/test_mlx_side.py::test_the_fastest_right_form_is_the_baseline",),
    52: (f"{_ROWS}::test_no_more_bytes_are_credited_than_there_are",),
    58: (f"{_HARNESS}/test_evaluator.py::test_workers_end_whatever_happens",),
    59: (f"{_ROWS}::test_only_a_pass_carries_a_figure",),
    62: (f"{_TRUST}/test_escapes.py::test_the_lexical_layer_matters_and_is_not_the_last",),
    63: (f"{_TRUST}/test_bad_kernels.py::test_twins_pass",),
    64: (
        f"{_HARNESS}/test_report.py::test_a_terminal_does_not_interpret_what_kernels_say",
        f"{_HARNESS}/test_verify_summary.py::test_foreign_text_is_inert",
    ),
    69: (f"{_ROWS}::test_a_failed_dispatch_has_no_time",),
    76: (
        f"{_HARNESS}/test_compare.py::test_classes_of_the_oracle_are_demanded",
        f"{_HARNESS}/test_json_report.py::test_values_that_json_lacks_are_words",
    ),
    77: (
        f"{_ROWS}::test_what_is_recorded_is_what_ran",
        f"{_HARNESS}/test_verify.py::test_another_source_than_the_file_is_rejected",
    ),
    78: (f"{_HARNESS}/test_cli.py::test_what_never_saves_never_saves",),
    79: (
        f"{_HARNESS}/test_verify.py::test_a_changed_definition_is_listed_and_never_run",
        f"{_HARNESS}/test_verify.py::test_nothing_changed_is_an_error",
    ),
    80: (f"{_ROWS}::test_a_broken_candidate_breaks_no_other",),
    81: (f"{_ROWS}::test_words_of_a_source_change_no_verdict",),
    82: (
        f"{_HARNESS}/test_promotion.py::test_a_record_that_changes_meanwhile_has_to_be_beaten_again",
        f"{_HARNESS}/test_promotion.py::test_another_incumbent_than_the_one_measured_is_no_win",
    ),
}
#: Rows of the harness without a test yet, and the reason.
HARNESS_EXCEPTIONS: Mapping[int, str] = {
    60: "what agents may read is a rule of agent_steel, tested there",
}
