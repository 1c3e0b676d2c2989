//! `PostgreSQL`: the queue is a table, and a decision a transaction.
//!
//! The function does what a careful user would have it do: the best head of each of the agent's roles by an index that
//! has the order, locked so that neighbours pass it over; no look at the rest.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::demand::{LANGUAGES, ROLES, Size};
use crate::server::{Server, as_nobody, free_port, output, program};
use crate::table::Table;

/// Connections, and whether a transaction waits for the disk.
const SETTINGS: [(u32, &str, &str); 4] = [
    (1, "on", "PostgreSQL, 1 connection"),
    (8, "on", "PostgreSQL, 8 connections"),
    (1, "off", "PostgreSQL, 1 connection, unsynced"),
    (8, "off", "PostgreSQL, 8 connections, unsynced"),
];

fn schema(size: Size) -> String {
    let Size { agents, waiting, .. } = size;
    format!(
        "create table agents (id int primary key, roles int[], language int);
insert into agents select n, array[n % {ROLES}, n / {ROLES} % {ROLES}], n / 3 % {LANGUAGES} from generate_series(0, {agents} - 1) n;
create sequence arrived;
create table tickets (id bigint primary key default nextval('arrived'), role int not null, priority int not null,
  language int, state smallint not null default 0, agent int);
create index waiting on tickets (role, priority desc, id) include (language) where state = 0;
create index owned on tickets (agent) where state = 1;
create function arrive(n bigint) returns void language sql as $$
  insert into tickets (id, role, priority, language) values
    (n, n % {ROLES}, n / {ROLES} % 10, case when n % 4 = 0 then n / 4 % {LANGUAGES} end) $$;
insert into tickets (id, role, priority, language)
  select n, n % {ROLES}, n / {ROLES} % 10, case when n % 4 = 0 then n / 4 % {LANGUAGES} end
  from (select nextval('arrived') n from generate_series(1, {waiting})) numbers;
create function decide(who int) returns bigint language plpgsql as $$
declare about agents; best bigint;
begin
  select * into about from agents where id = who;
  update tickets set state = 2 where agent = who and state = 1;
  select head.id into best
    from (select distinct unnest(about.roles) role) mine
    cross join lateral (
      select id, priority from tickets
      where state = 0 and role = mine.role and (language is null or language = about.language)
      order by priority desc, id limit 1 for update skip locked) head
    order by head.priority desc, head.id limit 1;
  update tickets set state = 1, agent = who where id = best;
  perform arrive(nextval('arrived'));
  return best;
end $$;
alter table tickets set (autovacuum_vacuum_scale_factor = 0.02);
vacuum analyze;
"
    )
}

struct Cluster {
    _server: Server,
    directory: TempDir,
    programs: Vec<PathBuf>,
    port: u16,
}

impl Cluster {
    fn start(programs: Vec<PathBuf>) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = directory.path().join("data");
        let tool = |name: &str| program(name, &programs).ok_or_else(|| format!("there is no {name}"));
        let mut init = Command::new(tool("initdb")?);
        as_nobody(&mut init, directory.path());
        init.env("HOME", directory.path()).current_dir(directory.path());
        output(init.args(["--auth=trust", "--username=bench", "--encoding=UTF8", "--locale=C", "-D"]).arg(&data))?;
        let port = free_port();
        let mut postgres = Command::new(tool("postgres")?);
        as_nobody(&mut postgres, directory.path());
        postgres.current_dir(directory.path()).arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in
            ["listen_addresses=127.0.0.1", "shared_buffers=512MB", "max_wal_size=4GB", "unix_socket_directories="]
        {
            postgres.args(["-c", setting]);
        }
        let is_ready = tool("pg_isready")?;
        let answers =
            || output(Command::new(&is_ready).args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])).is_ok();
        let server = Server::start(&mut postgres, answers).ok_or("the server did not start")?;
        Ok(Self { _server: server, directory, programs, port })
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(program(name, &self.programs).unwrap_or_else(|| PathBuf::from(name)));
        command.args(["-h", "127.0.0.1", "-U", "bench", "-p", &self.port.to_string()]);
        command
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).map(|()| path).map_err(|error| error.to_string())
    }

    /// Everything anew, for that size.
    fn fill(&self, size: Size) -> Result<(), String> {
        let path = self.write("schema.sql", &schema(size))?;
        output(self.tool("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f"]).arg(path)).map(drop)
    }

    fn decisions(&self, script: &Path, (connections, sync): (u32, &str), length: Duration) -> Result<f64, String> {
        let mut pgbench = self.tool("pgbench");
        pgbench.env("PGOPTIONS", format!("-c synchronous_commit={sync}"));
        pgbench.args(["-n", "-M", "prepared", "-j", "2", "-c", &connections.to_string()]);
        pgbench.args(["-T", &length.as_secs().max(1).to_string(), "-f"]).arg(script).arg("postgres");
        let text = output(&mut pgbench)?;
        let found = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        found.ok_or_else(|| format!("pgbench said no figure: {text}"))
    }
}

pub(crate) fn measure(table: &mut Table, size: Size, rounds: u64, length: Duration) {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok();
    let programs: Vec<PathBuf> =
        versions.into_iter().flatten().flatten().map(|version| version.path().join("bin")).collect();
    if program("postgres", &programs).is_none() || program("pgbench", &programs).is_none() {
        eprintln!("PostgreSQL is left out: it is not installed (Debian: apt-get install postgresql)");
        return;
    }
    let mut measured = || -> Result<(), String> {
        let cluster = Cluster::start(programs.clone())?;
        cluster.fill(size)?;
        let script = format!("\\set agent random(0, {} - 1)\nselect decide(:agent);\n", size.agents);
        let script = cluster.write("decide.sql", &script)?;
        for _ in 0..rounds {
            for (connections, sync, name) in SETTINGS {
                let decisions = cluster.decisions(&script, (connections, sync), length)?;
                eprintln!("{}: {name}: {decisions:.0} decisions/s", size.name);
                table.note(size, name, decisions);
            }
        }
        Ok(())
    };
    if let Err(why) = measured() {
        eprintln!("PostgreSQL is left out: {}", why.trim());
    }
}
