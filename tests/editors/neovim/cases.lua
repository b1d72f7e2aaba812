-- What the plugin for Neovim promises, each promise kept before the real bridge and a database in use.

local person = require("person")
local reprieve = require("reprieve")

local cases = {}

local function equal(expected, actual)
  local difference = ("expected %s\nbut there is %s"):format(vim.inspect(expected), vim.inspect(actual))
  assert(vim.deep_equal(expected, actual), difference)
end

local function backed_up()
  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  vim.cmd("ReprieveBackup")
  person.hears("Backed up snippets.db")
  person.forgets()
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

local function backups_listed()
  return #vim.tbl_filter(function(line)
    return line:match("^  %d+%-%d+%-%d+ %d+:%d+:%d+ +[%d.]+ MiB  %S+$") ~= nil
  end, lines())
end

cases["backs up, and lists it"] = function()
  backed_up()
  vim.cmd("ReprieveList")
  person.wait("the backup is listed", function()
    return backups_listed() == 1
  end)

  equal("snippets.db", lines()[1])
  vim.cmd("normal b")
  person.wait("the list follows", function()
    return backups_listed() == 2
  end)
end

cases["shows progress until the job is over"] = function()
  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  vim.cmd("ReprieveBackup")
  person.hears("Backed up snippets.db")
  local ends = vim.tbl_filter(function(shown)
    return shown.done
  end, person.progress)

  assert(#person.progress > 2, "there was some progress")
  equal({ true, 1 }, { person.progress[#person.progress].done, #ends })
end

cases["restores what is chosen, newest first, and reverts it"] = function()
  backed_up()
  person.changes_content("1")
  vim.cmd("ReprieveBackup")
  person.hears("Backed up")
  person.agrees, person.choice = true, 2
  vim.cmd("ReprieveRestore")
  person.hears("Restored snippets.db")

  equal("0", person.content())
  equal(2, #person.offered)
  assert(person.offered[1] > person.offered[2], "newest first")
  assert(person.asked[1]:find("is replaced by its backup of", 1, true), person.asked[1])

  vim.cmd("ReprieveRevert")
  person.hears("Reverted snippets.db")
  equal("1", person.content())
  assert(person.asked[#person.asked]:find("is replaced by what it held before", 1, true))
end

cases["asks once more when somebody has written meanwhile"] = function()
  backed_up()
  person.agrees = true
  person.meanwhile = function(question)
    if question == 1 then
      person.changes_content("1")
    end
  end
  vim.cmd("ReprieveRestore")
  person.hears("Restored snippets.db")

  equal({ 2, "0" }, { #person.asked, person.content() })
  assert(person.asked[2]:find("It has changed meanwhile. snippets.db", 1, true), person.asked[2])
end

cases["changes nothing that is not agreed to"] = function()
  backed_up()
  person.changes_content("1")
  vim.cmd("ReprieveRestore")
  person.wait("the question was asked", function()
    return #person.asked == 1
  end)
  local jobs
  require("reprieve.bridge").ask("jobs/list", { unsettled = true }, function(_, result)
    jobs = result.items
  end)
  person.wait("the jobs are known", function()
    return jobs
  end)

  equal({ {}, {}, "1" }, { jobs, person.told, person.content() })
end

cases["cancels a restoration"] = function()
  backed_up()
  person.changes_content("1")
  person.agrees = true
  vim.cmd("ReprieveRestore")
  person.sees_progress()
  vim.cmd("ReprieveCancel")
  person.hears("Restoring snippets.db was cancelled")

  equal("1", person.content())
  assert(person.progress[#person.progress].done)
end

cases["cancels a restoration that hangs, of a simulated service"] = function()
  reprieve.setup({ database = "offline:?backups=2&hang_at=0.4&speed=20" })
  person.agrees = true
  vim.cmd("ReprieveRestore")
  person.sees_progress()
  vim.cmd("ReprieveCancel")
  person.hears("was cancelled")

  equal(2, #person.offered)
  vim.cmd("ReprieveCancel")
  person.hears("No job is under way.")
end

cases["says when a cancel comes too late"] = function()
  reprieve.setup({ database = "offline:?backups=1&complete_despite_cancel=true&speed=5" })
  person.agrees = true
  vim.cmd("ReprieveRestore")
  person.sees_progress()
  vim.cmd("ReprieveCancel")
  person.hears("The cancel came too late; the job has ended. :ReprieveRevert brings back")
end

cases["ends its bridge for other settings, and starts another"] = function()
  backed_up()
  reprieve.setup({ database = vim.env.TRIED_DATABASE, store = vim.env.REPRIEVE_STORE })

  equal({ {}, false }, { person.told, person.bridge() ~= nil })
  backed_up()
end

cases["takes a backup up again when the bridge is killed"] = function()
  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  vim.cmd("ReprieveBackup")
  person.sees_progress()
  person.kills_the_bridge()
  person.hears("Backed up snippets.db")

  assert(person.progress[#person.progress].done)
  vim.cmd("ReprieveList")
  person.wait("it is listed", function()
    return backups_listed() == 1
  end)
end

cases["backs up once, where the bridge is killed before it has answered"] = function()
  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  vim.cmd("ReprieveBackup")
  person.kills_the_bridge()
  person.hears("Backed up snippets.db")

  local backups
  reprieve.backups(function(found)
    backups = found
  end)
  person.wait("the backups are known", function()
    return backups
  end)
  equal(1, #backups)
end

cases["tells how a restoration ended whose bridge was killed"] = function()
  backed_up()
  person.changes_content("1")
  person.agrees = true
  vim.cmd("ReprieveRestore")
  person.sees_progress()
  person.kills_the_bridge()
  person.wait("its end was told", function()
    return person.was_told("Restored snippets.db") or person.was_told("Restoring snippets.db failed")
  end)

  equal(person.was_told("Restored snippets.db") and "0" or "1", person.content())
end

cases["says so when the bridge dies again, and starts one for the next command"] = function()
  backed_up()
  person.kills_the_bridge()
  person.wait("there is another bridge", person.bridge)
  person.kills_the_bridge()
  person.hears("was started again, and ended again")
  vim.cmd("ReprieveBackup")
  person.hears("Backed up snippets.db")
end

cases["says what to do when there is no bridge"] = function()
  vim.env.REPRIEVE_BRIDGE = nil
  vim.env.PATH = "/nowhere"
  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  vim.cmd("ReprieveBackup")
  person.hears("No `reprieve` was found. Install it")
end

cases["says which setting names no program"] = function()
  reprieve.setup({ database = vim.env.TRIED_DATABASE, bridge = "/nowhere/reprieve" })
  vim.cmd("ReprieveBackup")
  person.hears("The setting 'bridge' names /nowhere/reprieve, which is no program.")
end

cases["asks for a database"] = function()
  vim.cmd("ReprieveBackup")
  person.hears("No database is set")
end

cases["says why a database cannot be opened"] = function()
  for _, database in ipairs({ "nowhere:snippets", "/nowhere/snippets.db" }) do
    reprieve.setup({ database = database })
    vim.cmd("ReprieveBackup")
    person.hears("nowhere")
    person.wait("the bridge is gone", function()
      return not person.bridge()
    end)
    person.forgets()
  end
end

cases["says why a job has failed"] = function()
  reprieve.setup({ database = "offline:?fail_at=0.3&fail=permanent&speed=20" })
  vim.cmd("ReprieveBackup")
  person.hears("&speed=20 failed: ")
  equal(1, #person.told)
end

local function meet_a_false_bridge(manner)
  reprieve.setup({
    database = vim.env.TRIED_DATABASE,
    bridge = { vim.env.TRIED_PYTHON, vim.env.TRIED_FALSE_BRIDGE, manner },
  })
  vim.cmd("ReprieveBackup")
end

local function is_parted_from()
  person.wait("it is gone", function()
    return not person.bridge()
  end)
end

cases["parts from a bridge that says another protocol"] = function()
  meet_a_false_bridge("says")
  person.hears("The bridge speaks protocol 2.1 and this plugin speaks 1")
  is_parted_from()
end

cases["parts from a bridge that refuses this protocol"] = function()
  local modern = vim.fn.has("nvim-0.11") == 1
  if not modern then
    require("reprieve.bridge").patience = 500
  end
  meet_a_false_bridge("refuses")
  person.hears(modern and "The bridge speaks protocol 2.1 and this plugin speaks 1" or "has not greeted")
  is_parted_from()
end

cases["looks for the bridge in five places, in order"] = function()
  local finder = require("reprieve.finder")
  local settings = require("reprieve.settings")
  local folder = vim.fn.fnamemodify(vim.env.TRIED_DATABASE, ":h")
  local function program(name)
    vim.fn.mkdir(vim.fn.fnamemodify(name, ":h"), "p")
    vim.fn.writefile({ "#!/bin/sh" }, name)
    vim.fn.setfperm(name, "rwxr-xr-x")
    return name
  end
  vim.env.PATH = vim.fn.fnamemodify(program(folder .. "/path/reprieve"), ":h")
  vim.env.REPRIEVE_BRIDGE = nil
  equal({ { folder .. "/path/reprieve" }, "PATH" }, { finder.find() })

  vim.g.python3_host_prog = vim.env.TRIED_PYTHON
  equal({ vim.env.TRIED_PYTHON, "-P", "-m", "reprieve" }, (finder.find()))

  vim.env.REPRIEVE_BRIDGE = program(folder .. "/environment")
  equal({ folder .. "/environment" }, (finder.find()))

  settings.set({ bridge = { program(folder .. "/setting"), "word" } })
  equal({ folder .. "/setting", "word" }, (finder.find()))
end

cases["runs nothing of the folder where it is"] = function()
  local finder = require("reprieve.finder")
  local settings = require("reprieve.settings")
  local clone = vim.fn.fnamemodify(vim.env.TRIED_DATABASE, ":h") .. "/clone"
  local mark = clone .. ".mark"
  vim.fn.mkdir(clone)
  for _, name in ipairs({ "reprieve", "python3" }) do
    vim.fn.writefile({ "#!/bin/sh", "touch " .. mark }, clone .. "/" .. name)
    vim.fn.setfperm(clone .. "/" .. name, "rwxr-xr-x")
  end
  for _, name in ipairs({ "reprieve", "importlib", "json", "token", "queue", "apsw" }) do
    vim.fn.writefile({ ("open(%q, 'w')"):format(mark) }, clone .. "/" .. name .. ".py")
  end
  vim.fn.chdir(clone)
  vim.env.REPRIEVE_BRIDGE = nil
  vim.env.PATH = ".::" .. vim.fn.fnamemodify(vim.fn.exepath("sh"), ":h")
  local command = finder.find()
  assert(not command or command[1]:sub(1, 1) == "/" and not command[1]:find(clone, 1, true))
  vim.env.REPRIEVE_BRIDGE = "reprieve"
  equal({ nil, "The environment variable REPRIEVE_BRIDGE names reprieve, which is no program." }, { finder.find() })
  vim.env.REPRIEVE_BRIDGE = nil
  settings.set({ bridge = { "./reprieve" } })
  equal({ nil, "The setting 'bridge' names ./reprieve, which is no program." }, { finder.find() })

  settings.set({ bridge = { vim.env.TRIED_PYTHON, "-P", "-m", "reprieve" } })
  vim.fn.system(vim.list_extend(finder.find(), { "backup", vim.env.TRIED_DATABASE }))
  equal(0, vim.v.shell_error)
  settings.current.bridge = nil
  vim.g.python3_host_prog = vim.env.TRIED_PYTHON
  equal({ vim.env.TRIED_PYTHON, "-P", "-m", "reprieve" }, (finder.find()))
  equal(0, vim.fn.filereadable(mark))
end

cases["refuses settings that it does not know"] = function()
  equal({ false, "reprieve.setup: there is no setting 'databse'; see :help reprieve-settings" }, {
    pcall(reprieve.setup, { databse = "snippets.db" }),
  })
  equal({ false, "reprieve.setup: 'bridge' must be a string or a list of strings" }, {
    pcall(reprieve.setup, { bridge = 5 }),
  })
end

cases["writes sizes and moments as people do"] = function()
  local words = require("reprieve.words")
  equal({ "17 B", "1.5 KiB", "100.3 MiB" }, { words.size(17), words.size(1536), words.size(105172173) })
  local at = os.time({ year = 2026, month = 7, day = 1, hour = 12, min = 30, sec = 5 })
  equal("2026-07-01 12:30:05", words.moment(os.date("!%Y-%m-%dT%H:%M:%S.123Z", at)))
  local winter = os.time({ year = 2026, month = 12, day = 1, hour = 0, min = 30, sec = 5 })
  equal("2026-12-01 00:30:05", words.moment(os.date("!%Y-%m-%dT%H:%M:%SZ", winter)))

  assert(words.made("2126-07-01T12:30:05Z"):match(" %(in the future%)$"), "what a clock made that was ahead")
  assert(not words.made(os.date("!%Y-%m-%dT%H:%M:%SZ")):match("future"), "what is made now")

  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  local backup = { created = "2026-07-01T12:30:05.123Z", bytes = 1536, id = "7" }
  backup.database = vim.env.TRIED_DATABASE
  assert(words.backup(backup):match("1.5 KiB  7$"), "a backup of its own")
  backup.database = "/elsewhere/other.db"
  assert(words.backup(backup):match("  7  of /elsewhere/other.db$"), "another database's")
end

cases["checks its health"] = function()
  reprieve.setup({ database = vim.env.TRIED_DATABASE })
  vim.cmd("checkhealth reprieve")
  local said = table.concat(lines(), "\n")

  assert(said:find(vim.env.REPRIEVE_BRIDGE .. " (this one is used)", 1, true), said)
  assert(said:find("it is reprieve 0.", 1, true), said)
  assert(said:find(vim.env.TRIED_DATABASE, 1, true), said)
  assert(not said:find("ERROR", 1, true), said)
end

cases["has help for every command and setting"] = function()
  local source = vim.env.TRIED_PLUGINS .. "/neovim/doc/reprieve.txt"
  local folder = vim.fn.fnamemodify(vim.env.TRIED_DATABASE, ":h") .. "/doc"
  vim.fn.mkdir(folder, "p")
  vim.fn.writefile(vim.fn.readfile(source), folder .. "/reprieve.txt")
  vim.cmd("helptags " .. folder)
  local tags = table.concat(vim.fn.readfile(folder .. "/tags"), "\n")

  for name in pairs(vim.api.nvim_get_commands({})) do
    assert(not name:match("^Reprieve") or tags:find(":" .. name .. "\t", 1, true), name)
  end
  for _, tag in ipairs({ "reprieve-settings", "reprieve-bridge", "reprieve-health", "ReprieveChanged" }) do
    assert(tags:find(tag, 1, true), tag)
  end
end

cases["does what its page says"] = function()
  local page = table.concat(vim.fn.readfile(vim.env.TRIED_PAGES .. "/neovim.md"), "\n")
  for name in page:gmatch("`:(Reprieve%a+)") do
    equal(2, vim.fn.exists(":" .. name))
  end
  for name in pairs(vim.api.nvim_get_commands({})) do
    assert(not name:match("^Reprieve") or page:find("`:" .. name, 1, true), name)
  end
  local blocks = 0
  for block in page:gmatch("```lua\n(.-)```") do
    assert(loadstring(block))()
    blocks = blocks + 1
  end
  equal(1, blocks)
  assert(require("reprieve.settings").database():match("state.vscdb$"))
end

return cases
