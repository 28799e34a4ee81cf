-- The requests of a file, one after the other, the first being that of a given number.
-- The file has, for each, the lengths of its two parts, a newline, and the parts; the number goes between them.
local before, after, number = {}, {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  number = tonumber(args[2])
  while true do
    local first, second = file:read("*n", "*n")
    if not first then break end
    file:read(1)
    before[#before + 1] = file:read(first)
    after[#after + 1] = second > 0 and file:read(second) or false
  end
  file:close()
end

function request()
  local place = number % #before + 1
  local rest = after[place]
  local asked = before[place]
  if rest then asked = asked .. string.format("%08d", number) .. rest end
  number = number + 1
  return asked
end

function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.status + errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format(
    '\n{"answered":%d,"seconds":%.6f,"p50":%.4f,"p99":%.4f,"failed":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failed
  ))
end
