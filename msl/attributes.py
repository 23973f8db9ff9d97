"""The attributes of the language: which exist, where they may stand, how they leave the text."""

from __future__ import annotations

from collections.abc import Iterator

from msl.diagnostics import WARNING, Diagnostic
from msl.edits import Edits
from msl.safety import foreign_gnu_attributes
from msl.syntax import Attribute, Code, attributes_at
from msl.words import words

#: Index attributes that follow the grid: scalar or 2- or 3-vector, all of one kernel in the same
#: width.
GRID_INDICES = words(
    """
    thread_position_in_grid threads_per_grid thread_position_in_threadgroup
    threads_per_threadgroup dispatch_threads_per_threadgroup threadgroup_position_in_grid
    threadgroups_per_grid grid_origin grid_size
    """
)
SCALAR_INDICES = words(
    """
    thread_index_in_threadgroup thread_index_in_simdgroup simdgroup_index_in_threadgroup
    threads_per_simdgroup simdgroups_per_threadgroup dispatch_simdgroups_per_threadgroup
    thread_index_in_quadgroup quadgroup_index_in_threadgroup quadgroups_per_threadgroup
    dispatch_quadgroups_per_threadgroup thread_execution_width
    """
)
INDICES = GRID_INDICES | SCALAR_INDICES
THREAD_LIMITS = ("max_total_threads_per_threadgroup", "required_threads_per_threadgroup")
_FUNCTION = words(
    """
    kernel vertex fragment mesh object visible stitchable intersection host_name
    max_total_threads_per_threadgroup required_threads_per_threadgroup
    max_total_threadgroups_per_mesh_grid early_fragment_tests patch function_groups
    required_threads_per_mesh_threadgroup user_annotation
    """
)
_RESOURCE = words(
    """
    buffer threadgroup texture sampler stage_in function_constant id raster_order_group color
    attribute position point_size vertex_id instance_id user flat center_perspective point_coord
    front_facing primitive_id base_vertex base_instance amplification_id amplification_count
    sample_id sample_mask depth patch_id position_in_patch render_target_array_index
    viewport_array_index clip_distance invariant shared payload imageblock_data
    alias_implicit_imageblock center_no_perspective centroid_perspective centroid_no_perspective
    sample_perspective sample_no_perspective barycentric_coord distance world_space_origin tensor
    """
)
_STANDARD = words(
    """
    maybe_unused nodiscard fallthrough likely unlikely deprecated noreturn no_unique_address
    """
)
_CLANG = words(
    """
    always_inline noinline unroll
    """
)
KNOWN = INDICES | _FUNCTION | _RESOURCE | _STANDARD | _CLANG


def lists(code: Code) -> Iterator[tuple[int, list[Attribute], int]]:
    """Every attribute list of the unit: where it starts, what it holds, the index after it."""
    index = 0
    while index < len(code.tokens):
        if code.at_attributes(index):
            attributes, after = attributes_at(code, index)
            yield index, attributes, after
            index = after
        else:
            index += 1


def strip(code: Code, edits: Edits) -> None:
    """Remove every attribute list but those of C++ itself."""
    for start, attributes, after in lists(code):
        if not attributes or not all(item.name in _STANDARD for item in attributes):
            edits.delete(start, after)
    for start, after in foreign_gnu_attributes(code.tokens):
        edits.delete(start, after)


def unknown(code: Code) -> list[Diagnostic]:
    """A warning for every attribute that does not exist."""
    found = []
    for _, attributes, _ in lists(code):
        for item in attributes:
            scoped = code.text(item.index - 1) == "::"
            if item.name not in KNOWN and not scoped:
                token = code.tokens[item.index]
                text = f"unknown attribute '{item.name}' ignored [-Wunknown-attributes]"
                found.append(Diagnostic(WARNING, token.line, token.column, text, token.file))
    return found
