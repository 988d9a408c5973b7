-- wrk: the same POST again and again, each time with one of many session ids.
--   wrk ... -s call.lua URL -- HEADERS BODY [IDS]
-- HEADERS, BODY and IDS are files; IDS has one id in a line.

local function read(name)
   local f = assert(io.open(name, "rb"))
   local text = f:read("*a")
   f:close()
   return text
end

local ids = {}
local head, tail

function init(args)
   wrk.method = "POST"
   wrk.body = read(args[2])
   for name, value in read(args[1]):gmatch("([^\n:]+): ([^\n]*)") do
      wrk.headers[name] = value
   end
   if args[3] then
      for line in io.lines(args[3]) do
         ids[#ids + 1] = line
      end
      wrk.headers["Mcp-Session-Id"] = "@"
   end
   head = wrk.format()
   if args[3] then
      head, tail = head:match("^(.*Mcp%-Session%-Id: )@(.*)$")
   end
   math.randomseed(1)
end

function request()
   if tail == nil then
      return head
   end
   return head .. ids[math.random(#ids)] .. tail
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format("RESULT %d %d %d %d\n", summary.requests,
      summary.duration, e.connect + e.read + e.write + e.timeout + e.status,
      latency:percentile(99)))
end
