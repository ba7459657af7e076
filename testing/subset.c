/* SPDX-License-Identifier: MIT */
/* JSON that has at least what another has. A number is its value: 1 and 1.0 are equal. */
#include <config.h>

#include "match.h"

static bool
object_has(const json_t *has, const json_t *wanted)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)wanted, name, value)
    {
        const json_t *there = json_object_get(has, name);
        if (there == NULL || !weir__json_has(there, value)) {
            return false;
        }
    }
    return true;
}

static bool
array_has(const json_t *has, const json_t *wanted)
{
    size_t count = json_array_size(wanted);
    bool same = json_array_size(has) == count;

    for (size_t i = 0; same && i < count; i++) {
        same = weir__json_has(json_array_get(has, i), json_array_get(wanted, i));
    }
    return same;
}

bool
weir__json_has(const json_t *has, const json_t *wanted)
{
    if (json_is_object(wanted)) {
        return json_is_object(has) && object_has(has, wanted);
    }
    if (json_is_array(wanted)) {
        return json_is_array(has) && array_has(has, wanted);
    }
    if (json_is_integer(wanted) != json_is_integer(has) && json_is_number(wanted) &&
        json_is_number(has)) {
        double a = json_number_value(wanted), b = json_number_value(has);
        return !(a < b) && !(a > b);
    }
    return json_equal(has, wanted) != 0;
}
