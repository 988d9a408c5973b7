-- wrk: whole lives of sessions.  One connection for each thread, so that every
-- thread is one client that waits for its answers.

local post = {
   ["Content-Type"] = "application/json",
   ["Accept"] = "application/json, text/event-stream",
}
local info = '"clientInfo":{"name":"bench","version":"1"}'
local version = "2025-11-25"
local step = 0
local id

local threads = {}
lives = 0
wrong = 0

function setup(thread)
   threads[#threads + 1] = thread
end

local function in_session()
   local headers = { ["Mcp-Session-Id"] = id,
      ["MCP-Protocol-Version"] = version }
   for name, value in pairs(post) do
      headers[name] = value
   end
   return headers
end

local steps = {
   function()
      return wrk.format("POST", nil, post,
         '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{' ..
         '"protocolVersion":"' .. version .. '","capabilities":{},' ..
         info .. '}}')
   end,
   function()
      return wrk.format("POST", nil, in_session(),
         '{"jsonrpc":"2.0","method":"notifications/initialized"}')
   end,
   function()
      return wrk.format("POST", nil, in_session(),
         '{"jsonrpc":"2.0","id":2,"method":"tools/list"}')
   end,
   function()
      return wrk.format("DELETE", nil, in_session())
   end,
}
local expected = { 200, 202, 200, 204 }

function request()
   return steps[step + 1]()
end

function response(status, headers)
   if status ~= expected[step + 1] then
      wrong = wrong + 1
      step = 0
      return
   end
   if step == 0 then
      for name, value in pairs(headers) do
         if name:lower() == "mcp-session-id" then
            id = value
         end
      end
   end
   step = (step + 1) % #steps
   if step == 0 then
      lives = lives + 1
   end
end

function done(summary, latency)
   local e = summary.errors
   local all, bad = 0, e.connect + e.read + e.write + e.timeout
   for _, thread in ipairs(threads) do
      all = all + thread:get("lives")
      bad = bad + thread:get("wrong")
   end
   io.write(string.format("RESULT %d %d %d %d\n", all, summary.duration, bad,
      latency:percentile(99)))
end
