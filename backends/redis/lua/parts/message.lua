-- SPDX-License-Identifier: MIT
--
-- Part of scripts that look into messages (weir.proto).

-- A number of a message and where it ends; nil where the bytes end before.
local function varint(msg, i)
    local value, unit = 0, 1
    while true do
        local byte = msg:byte(i)
        if not byte then return nil end
        value, i, unit = value + byte % 128 * unit, i + 1, unit * 128
        if byte < 128 then return value, i end
    end
end

-- The value of a number, or the length of a text, whose tag is wanted, and where it ends or begins.
local function find(msg, i, last, wanted)
    local tag, value
    while i <= last do
        tag, i = varint(msg, i)
        local kind = tag and tag % 8
        if kind == 1 or kind == 5 then
            i = i + (kind == 1 and 8 or 4)
        elseif kind == 0 or kind == 2 then
            value, i = varint(msg, i)
            if not value or tag == wanted then return value, i end
            if kind == 2 then i = i + value end
        else
            return nil
        end
    end
end
