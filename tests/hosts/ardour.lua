-- A session of Ardour 7 with a sound on a stereo track and Partita on it:
--   ardour7-lua ardour.lua FOLDER SOUND FRAMES SESSION_FRAMES PLUGIN_ID [NAME=VALUE]...
-- The sound is a stereo file of FRAMES at 48 kHz; NAME is a parameter as the host shows it, VALUE its plain number.
-- `cargo xtask ardour` runs it.

local RATE = 48000
-- Ardour 7 counts time in these.
local TICKS_PER_FRAME = 282240000 // RATE
local NAME = "partita"

local folder, sound, id = arg[1], arg[2], arg[5]
local frames, session_frames = math.tointeger(arg[3]), math.tointeger(arg[4])

AudioEngine:set_backend("None (Dummy)", "", "")
assert(create_session(folder, NAME, RATE), "no session")

local function insert(session)
  session:new_audio_track(2, 2, nil, 1, "sound", -1, ARDOUR.TrackMode.Normal, true)
  local track = session:route_by_name("sound")
  local processor = ARDOUR.LuaAPI.new_plugin(session, id, ARDOUR.PluginType.VST3, "")
  assert(not processor:isnil(), "Ardour does not know the plugin")
  track:add_processor_by_index(processor, 0, nil, true)

  local plugin = processor:to_insert():plugin(0)
  local places = {}
  for place = 0, plugin:parameter_count() - 1 do
    places[plugin:parameter_label(place)] = place
  end
  for argument = 6, #arg do
    local name, value = arg[argument]:match("^(.*)=(.*)$")
    local place = assert(places[name], "the plugin has no parameter " .. name)
    assert(ARDOUR.LuaAPI.set_processor_param(processor, place, tonumber(value)), name)
  end
  -- The engine runs: the plugin hears of its parameters while it plays.
  ARDOUR.LuaAPI.usleep(500000)
  session:save_state("")
end

insert(Session)
-- What Lua still holds of a session that is closed would be freed after the engine.
collectgarbage()
collectgarbage()
close_session()

-- Ardour's Lua cannot import a sound without its editor. So the sound is written into the session as a saved one has it.
local path = folder .. "/" .. NAME .. ".ardour"
local file = assert(io.open(path))
local text = file:read("a")
file:close()

local function replace(what, by)
  local from, to = text:find(what, 1, true)
  assert(from, "the session has no " .. what)
  text = text:sub(1, from - 1) .. by .. text:sub(to + 1)
end

local sources = ""
for channel = 0, 1 do
  sources = sources .. string.format(
    '<Source name="%s" type="audio" flags="" id="%d" channel="%d" origin="%s"/>',
    sound, 9001 + channel, channel, sound)
end
replace("<Sources/>", "<Sources>" .. sources .. "</Sources>")
-- It begins with the session, and without the fades that Ardour gives regions.
local region = string.format(
  '<Region name="sound" type="audio" id="9003" channels="2" opaque="1" whole-file="0" external="1" '
  .. 'start="a0" length="a%d@a0" fade-in-active="0" fade-out-active="0" scale-amplitude="1" '
  .. 'source-0="9001" source-1="9002" master-source-0="9001" master-source-1="9002"/>',
  frames * TICKS_PER_FRAME)
local playlist = text:match('<Playlist id="%d+" name="sound"[^>]*/>')
assert(playlist, "the track has no playlist")
replace(playlist, playlist:sub(1, -3) .. ">" .. region .. "</Playlist>")
replace("<Locations/>", string.format(
  '<Locations><Location id="9004" name="session" start="a0" end="a%d" flags="IsSessionRange" locked="0"/></Locations>',
  session_frames * TICKS_PER_FRAME))

file = assert(io.open(path, "w"))
file:write(text)
file:close()
quit()
