//! Who asks, and what that one may do.
//!
//! An endpoint asks for a [`Right`]; a command is looked at by the engine's owner, right before it is decided, because
//! only there is it known whose ticket it is about. Nothing is allowed that is not named here.

use std::collections::BTreeSet;

use super::read_model::ReadModel;
use crate::records::tokens::{Token, TokenSpec};
use crate::routing::permission::AccessLevel;
use crate::routing::role::Role;
use crate::routing::{AgentId, AgentProfile, Catalogue, Command, RoleName, State, TicketId};

macro_rules! rights {
    ($($(#[$doc:meta])* $right:ident = $text:literal)+) => {
        /// A permission that the API asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Right {
            $($(#[$doc])* $right,)+
        }

        impl Right {
            /// All of them.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$right),+];

            /// The permission's name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$right => $text,)+
                }
            }
        }
    };
}

rights! {
    /// See the tickets that one has.
    WorkReadOwn = "work.read-own"
    /// Accept, decline, complete, pause, release and hand over what one has, and ask for more.
    WorkDoOwn = "work.do-own"
    /// Come, go, and switch channels.
    PresenceSetOwn = "presence.set-own"
    /// Register and remove agents, see all of them, and set their presence.
    AgentsManage = "agents.manage"
    /// Change roles and channels.
    RolesManage = "roles.manage"
    /// Change rules.
    RulesManage = "rules.manage"
    /// Do everything to every ticket.
    TicketsManage = "tickets.manage"
    /// See queues, the wallboard and reports.
    ReportsView = "reports.view"
    /// Read the audit log.
    AuditView = "audit.view"
    /// Make and unmake admins.
    AdminsManage = "admins.manage"
    /// Make and unmake owners.
    OwnersManage = "owners.manage"
    /// Make and revoke tokens.
    TokensManage = "tokens.manage"
    /// Take a copy of all that is kept.
    JournalBackup = "journal.backup"
}

/// The first part of the source of those who come in by a token; their name follows, which has none of [`MARK`] in it.
const SOURCE: &str = "/rolecall/http/";

/// What stands between the source of whoever speaks and the one that was named.
const MARK: char = '#';

/// Who asks, and what that one may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The name under which it is known, in the audit log among others.
    pub subject: String,
    /// The source of its events, where they name none.
    pub source: String,
    /// The id of the token; none for the owner's of the environment.
    pub token: Option<String>,
    /// Its access level.
    pub level: AccessLevel,
    /// The agent that it acts for, where it is one.
    pub agent: Option<AgentId>,
    /// What it may do.
    pub rights: BTreeSet<Right>,
}

/// What somebody may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forbidden {
    /// What is missing, for people.
    pub detail: String,
}

impl Forbidden {
    fn lacks(right: Right) -> Self {
        Self { detail: format!("this needs the permission {}", right.as_str()) }
    }
}

impl Authority {
    /// Whoever may do everything.
    #[must_use]
    pub fn owner(subject: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            source: format!("{SOURCE}{subject}"),
            token: None,
            level: AccessLevel::Owner,
            agent: None,
            rights: Right::ALL.into_iter().collect(),
        }
    }

    /// Whoever shows this token, as things are now: what its agent may do, or what its level may, and what the token adds
    /// or takes away. An agent that is not registered may do nothing.
    #[must_use]
    pub fn of_token(token: &Token, model: &ReadModel) -> Self {
        Self { token: Some(token.id.clone()), ..Self::of_spec(&token.spec, model) }
    }

    /// Whoever shows a token that is for this.
    pub(super) fn of_spec(spec: &TokenSpec, model: &ReadModel) -> Self {
        let catalogue = model.catalogue();
        let profile = spec.agent.as_ref().map(|agent| model.profile(agent));
        let mut rights = match &profile {
            None => named(&catalogue.access.of(spec.level).cloned().collect()),
            Some(None) => BTreeSet::new(),
            Some(Some(profile)) => {
                let capped = AgentProfile { access: profile.access.min(spec.level), ..(**profile).clone() };
                rights_of(&capped, &catalogue)
            }
        };
        if profile.is_none() {
            rights.extend(named(&spec.permissions));
        }
        let denied = named(&spec.permissions_denied);
        rights.retain(|right| !denied.contains(right));
        let (subject, source) = (spec.name.clone(), format!("{SOURCE}{}", spec.name));
        Self { subject, source, token: None, level: spec.level, agent: spec.agent.clone(), rights }
    }

    /// Whether this is allowed.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// # Errors
    /// Says which permission is missing.
    pub fn require(&self, right: Right) -> Result<(), Forbidden> {
        if self.may(right) { Ok(()) } else { Err(Forbidden::lacks(right)) }
    }

    /// Of which source an event counts as, by which with its id a repeat is known, where its sender names this one. Who may
    /// do everything to every ticket may speak for another system; whoever else did could have that system's events taken
    /// for repeats.
    #[must_use]
    pub fn source_of(&self, named: String) -> String {
        if named == self.source || self.may(Right::TicketsManage) {
            return named;
        }
        format!("{}{MARK}{named}", self.source)
    }

    /// The same command, with what goes without saying of who asks: an agent hands over what it has in its own name. Of
    /// whoever may pass on what others did nothing is made up.
    #[must_use]
    pub fn sign(&self, command: Command) -> Command {
        match command {
            Command::TransferTicket { ticket, to, by: None, note } if !self.may(Right::TicketsManage) => {
                Command::TransferTicket { ticket, to, by: Some(self.name().to_owned()), note }
            }
            said => said,
        }
    }

    /// As whom it does what it does to tickets: the agent that it acts for, whatever its token is called.
    #[must_use]
    pub fn name(&self) -> &str {
        self.agent.as_ref().map_or(&self.subject, AgentId::as_str)
    }

    /// Whether this may be done in this state.
    ///
    /// # Errors
    /// Says which permission is missing.
    pub fn check(&self, command: &Command, state: &State) -> Result<(), Forbidden> {
        match command {
            Command::CreateTicket { .. }
            | Command::UpdateTicket { .. }
            | Command::CancelTicket { .. }
            | Command::TakeTicket { .. }
            | Command::ReconcileAgent { .. } => self.require(Right::TicketsManage),
            Command::AcceptOffer { agent, .. }
            | Command::DeclineOffer { agent, .. }
            | Command::ClaimTicket { agent, .. }
            | Command::FinishWrapUp { agent, .. } => self.check_work(self.is(agent)),
            Command::CompleteTicket { ticket, agent: named, .. }
            | Command::ReleaseTicket { ticket, agent: named, .. }
            | Command::NoteReply { ticket, agent: named } => {
                self.check_work(named.as_ref().is_none_or(|agent| self.is(agent)) && self.owns(ticket, state))
            }
            Command::TransferTicket { ticket, by, .. } => {
                self.check_work(self.owns(ticket, state))?;
                self.check_signature(by.as_deref())
            }
            Command::PauseTicket { ticket } | Command::ResumeTicket { ticket } => {
                self.check_work(self.owns(ticket, state))
            }
            Command::SetPresence { agent, .. } | Command::Heartbeat { agent } => {
                if self.is(agent) && self.may(Right::PresenceSetOwn) {
                    Ok(())
                } else {
                    self.require(Right::AgentsManage)
                }
            }
            Command::RegisterAgent { agent, profile } => self.check_registration(agent, profile, state),
            Command::RemoveAgent { agent } => {
                self.require(Right::AgentsManage)?;
                self.check_level(state.agent(agent).map(|known| known.profile.access))
            }
            // No event asks for these.
            Command::ExcuseSilence { .. } | Command::ReplaceCatalogue { .. } | Command::Elapse => {
                Err(Forbidden { detail: "this is not for anybody to ask for".to_owned() })
            }
        }
    }

    /// Work on tickets: of one's own, or of anybody.
    fn check_work(&self, is_own: bool) -> Result<(), Forbidden> {
        if self.may(Right::TicketsManage) || (is_own && self.may(Right::WorkDoOwn)) {
            return Ok(());
        }
        let right = if is_own { Right::WorkDoOwn } else { Right::TicketsManage };
        Err(Forbidden::lacks(right))
    }

    /// Who hands over is not offered the ticket again, and named to whoever takes it: nobody says that of another.
    fn check_signature(&self, by: Option<&str>) -> Result<(), Forbidden> {
        let Some(by) = by else { return Ok(()) };
        if by == self.name() || self.may(Right::TicketsManage) {
            return Ok(());
        }
        let (right, name) = (Right::TicketsManage.as_str(), self.name());
        let detail =
            format!("`by` names {by:?}, and who asks is {name:?}: leave it out; to name another needs {right}");
        Err(Forbidden { detail })
    }

    /// Nobody makes an agent, oneself among them, who may do more to the system than one may oneself.
    fn check_registration(&self, agent: &AgentId, profile: &AgentProfile, state: &State) -> Result<(), Forbidden> {
        self.require(Right::AgentsManage)?;
        self.check_level(Some(profile.access))?;
        self.check_level(state.agent(agent).map(|known| known.profile.access))?;
        // A role that is gone stands for the one that replaces it.
        let profile = profile.clone().with_roles_of(state.catalogue());
        match rights_of(&profile, state.catalogue()).into_iter().find(|right| !self.may(*right)) {
            None => Ok(()),
            Some(right) => {
                let right = right.as_str();
                Err(Forbidden { detail: format!("these roles would give {right}, which you do not have yourself") })
            }
        }
    }

    fn check_level(&self, level: Option<AccessLevel>) -> Result<(), Forbidden> {
        match level {
            None | Some(AccessLevel::Agent) => Ok(()),
            Some(AccessLevel::Admin) => self.require(Right::AdminsManage),
            Some(AccessLevel::Owner) => self.require(Right::OwnersManage),
        }
    }

    /// Whether this catalogue gives nobody what its author does not have: by roles that add such a permission, no longer
    /// take it away, or come in the place of others, or by access levels.
    ///
    /// # Errors
    /// Names such a permission.
    pub fn check_catalogue(&self, before: &Catalogue, after: &Catalogue) -> Result<(), Forbidden> {
        let more = by_roles(after, given).difference(&by_roles(before, given)).cloned().collect::<BTreeSet<_>>();
        let less = by_roles(before, taken).difference(&by_roles(after, taken)).cloned().collect::<BTreeSet<_>>();
        let changed = more.into_iter().chain(less).chain(inherited(before, after));
        if let Some((role, right)) = changed.into_iter().find(|(_, right)| !self.may(*right)) {
            let right = right.as_str();
            return Err(Forbidden {
                detail: format!("the role {role} would give {right}, which you do not have yourself"),
            });
        }
        if before.access == after.access { Ok(()) } else { self.require(Right::OwnersManage) }
    }

    /// Whether it acts for this agent.
    #[must_use]
    pub fn is(&self, agent: &AgentId) -> bool {
        self.agent.as_ref() == Some(agent)
    }

    fn owns(&self, ticket: &TicketId, state: &State) -> bool {
        let owner = state.ticket(ticket).and_then(|ticket| ticket.phase.ownership()).map(|owned| &owned.agent);
        owner.is_some_and(|owner| self.is(owner))
    }
}

/// A role, and a right that somebody has or lacks by it.
type ByRole = (RoleName, Right);

fn given(role: &Role) -> BTreeSet<Right> {
    named(&role.permissions)
}

fn taken(role: &Role) -> BTreeSet<Right> {
    named(&role.permissions_denied)
}

fn by_roles(catalogue: &Catalogue, rights: fn(&Role) -> BTreeSet<Right>) -> BTreeSet<ByRole> {
    let of = |role: &Role| rights(role).into_iter().map(|right| (role.name.clone(), right)).collect::<Vec<_>>();
    catalogue.roles.values().flat_map(of).collect()
}

/// What those are given who have a role, or say its name, that another comes in the place of.
fn inherited(before: &Catalogue, after: &Catalogue) -> impl Iterator<Item = ByRole> {
    let replaces = |role: &&Role| role.replaces.iter().any(|gone| before.successor(gone) != Some(&role.name));
    after
        .roles
        .values()
        .filter(replaces)
        .flat_map(|heir| given(heir).into_iter().map(|right| (heir.name.clone(), right)))
}

/// Of an agent's permissions, those that the API asks for.
pub(super) fn rights_of(profile: &AgentProfile, catalogue: &Catalogue) -> BTreeSet<Right> {
    named(&profile.permissions(catalogue))
}

/// Of these permissions, those that the API asks for.
pub(super) fn named(permissions: &BTreeSet<crate::routing::Permission>) -> BTreeSet<Right> {
    let given = |right: &Right| permissions.iter().any(|permission| permission.as_str() == right.as_str());
    Right::ALL.into_iter().filter(given).collect()
}
