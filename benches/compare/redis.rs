//! Redis: a sorted set per role and language, and a decision a Lua script.

use std::process::Command;
use std::time::Duration;

use crate::demand::{LANGUAGES, ROLES, Size};
use crate::server::{Server, as_nobody, free_port, output, program};
use crate::table::Table;

/// The append-only file, how many commands travel together, connections.
const SETTINGS: [(&str, &str, &str, &str); 4] = [
    ("no", "1", "8", "Redis, in memory"),
    ("no", "32", "8", "Redis, in memory, pipelined by 32"),
    ("yes", "1", "8", "Redis, synced"),
    ("yes", "32", "8", "Redis, synced, pipelined by 32"),
];

/// One agent, by its number: done with what it has, given the best that waits; and another ticket comes.
fn script() -> String {
    format!(
        "local who = tonumber(ARGV[1])
local roles = {{who % {ROLES}, math.floor(who / {ROLES}) % {ROLES}}}
local language = math.floor(who / 3) % {LANGUAGES}
redis.call('HDEL', 'owned', who)
local best, score, from
for _, role in ipairs(roles) do
  for _, key in ipairs({{'w:' .. role, 'w:' .. role .. ':' .. language}}) do
    local head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if head[1] and (not score or tonumber(head[2]) < score) then
      best, score, from = head[1], tonumber(head[2]), key
    end
  end
end
if best then redis.call('ZREM', from, best) redis.call('HSET', 'owned', who, best) end
{ARRIVE}
return best"
    )
}

const ARRIVE: &str = "local n = redis.call('INCR', 'arrived')
local key = 'w:' .. n % 8
if n % 4 == 0 then key = key .. ':' .. math.floor(n / 4) % 4 end
redis.call('ZADD', key, n - math.floor(n / 8) % 10 * 1000000000000, n)";

struct Store {
    _server: Server,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Store {
    fn start(append: &str, size: Size) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let port = free_port();
        let mut server = Command::new(program("redis-server", &[]).ok_or("there is no redis-server")?);
        as_nobody(&mut server, directory.path());
        server.current_dir(directory.path()).args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        server.args(["--appendonly", append, "--appendfsync", "always", "--dir", "."]);
        let ping = || {
            output(Command::new("redis-cli").args(["-p", &port.to_string(), "ping"]))
                .is_ok_and(|it| it.contains("PONG"))
        };
        let server = Server::start(&mut server, ping).ok_or("the server did not start")?;
        let store = Self { _server: server, port, _directory: directory };
        store.cli(&["EVAL", &format!("for _ = 1, {} do {ARRIVE} end", size.waiting), "0"])?;
        Ok(store)
    }

    fn cli(&self, arguments: &[&str]) -> Result<String, String> {
        let said = output(Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(arguments))?;
        if said.starts_with("ERR") || said.starts_with("(error)") { Err(said) } else { Ok(said.trim().to_owned()) }
    }

    fn decisions(&self, (pipelined, connections): (&str, &str), size: Size, requests: u64) -> Result<f64, String> {
        let script = self.cli(&["SCRIPT", "LOAD", &script()])?;
        let mut bench = Command::new("redis-benchmark");
        bench.args(["-p", &self.port.to_string(), "-c", connections, "-P", pipelined, "-n", &requests.to_string()]);
        bench.args(["-r", &size.agents.to_string(), "--csv", "EVALSHA", &script, "0", "__rand_int__"]);
        let text = output(&mut bench)?;
        // The last line: the command, and how many a second.
        let line = text.lines().last().unwrap_or_default();
        let fields: Vec<&str> = line.split("\",\"").collect();
        let figure = fields.get(1).and_then(|field| field.trim_matches('"').parse().ok());
        figure.ok_or_else(|| format!("redis-benchmark said no figure: {text}"))
    }
}

pub(crate) fn measure(table: &mut Table, size: Size, rounds: u64, length: Duration) {
    if ["redis-server", "redis-cli", "redis-benchmark"].iter().any(|name| program(name, &[]).is_none()) {
        eprintln!("Redis is left out: it is not installed (Debian: apt-get install redis-server redis-tools)");
        return;
    }
    let mut measured = || -> Result<(), String> {
        let stores = [("no", Store::start("no", size)?), ("yes", Store::start("yes", size)?)];
        for _ in 0..rounds {
            for (append, pipelined, connections, name) in SETTINGS {
                let store = stores.iter().find(|(of, _)| *of == append).map(|(_, store)| store).ok_or("no store")?;
                // As many as take about so long; the first try tells.
                let first = store.decisions((pipelined, connections), size, 500)?;
                let requests = (first * length.as_secs_f64()).clamp(500.0, 1e7);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "it is between the bounds above"
                )]
                let decisions = store.decisions((pipelined, connections), size, requests as u64)?;
                eprintln!("{}: {name}: {decisions:.0} decisions/s", size.name);
                table.note(size, name, decisions);
            }
        }
        Ok(())
    };
    if let Err(why) = measured() {
        eprintln!("Redis is left out: {}", why.trim());
    }
}
