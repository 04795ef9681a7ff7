//! The typed client that the gateway uses, over the wire: its paths and types are the service's.

use hg_common::auth::{Principal, Service};
use hg_contracts::{
    ClientError, SmmClient,
    smm::{
        Archived, ChangeMember, CreateClient, HierarchyQuery, InvitationState, InvitationToken, Invite, ListClients,
        ListInvitations, ListMembers, MoveClient, PutMember, TreeQuery, UpdateClient,
    },
};
use hg_testkit::TestService;
use hg_types::{ClientId, ClientType, Role, UserId};
use serde_json::Map;

use crate::harness::start;

fn client_of(smm: &TestService) -> SmmClient {
    SmmClient(smm.identity.peer(Service::Gateway, Service::Smm, &smm.server.url()))
}

const fn of(user: UserId) -> Principal {
    Principal::User(user)
}

fn code(error: &ClientError) -> &str {
    match error {
        ClientError::Refused { error, .. } => &error.code,
        _ => "",
    }
}

fn new_client(name: &str, client_type: ClientType, parent_id: ClientId) -> CreateClient {
    CreateClient { name: name.to_owned(), slug: None, client_type, parent_id, metadata: Map::new() }
}

#[tokio::test]
async fn a_clients_life() {
    let smm = start().await;
    let t = &smm.tenants;
    let (client, admin) = (client_of(&smm), of(t.root_people.admin));
    let agency = client.create_client(&admin, &new_client("Bright", ClientType::Agency, t.root)).await.unwrap();
    let made = client.create_client(&admin, &new_client("Dim", ClientType::Customer, t.root)).await.unwrap();
    let moved = client.move_client(&admin, made.id, &MoveClient { parent_id: agency.id }).await.unwrap();
    assert_eq!(moved.parent_id, Some(agency.id));
    let renamed = UpdateClient { name: Some("Dimmer".to_owned()), ..UpdateClient::default() };
    assert_eq!(client.update_client(&admin, made.id, &renamed).await.unwrap().name, "Dimmer");
    assert!(client.archive_client(&admin, agency.id).await.unwrap().archived_at.is_some());
    let only = ListClients { archived: Some(Archived::Only), ..ListClients::default() };
    assert_eq!(client.list_clients(&admin, &only).await.unwrap().data.len(), 2);
    assert!(client.restore_client(&admin, agency.id).await.unwrap().archived_at.is_none());
    assert_eq!(client.get_client(&admin, "dim").await.unwrap().archived_at, None);
    assert_eq!(client.hierarchy(&admin, agency.id, &HierarchyQuery::default()).await.unwrap().children[0].id, made.id);
    let below = TreeQuery { below: Some("bright".to_owned()), depth: Some(1), archived: Some(Archived::Exclude) };
    let tree = client.client_tree(&admin, &below).await.unwrap();
    assert_eq!((tree.data.len(), tree.total, tree.data[0].children), (1, 2, 1));
    let refused = client.delete_client(&admin, agency.id).await.unwrap_err();
    assert_eq!(code(&refused), "client_not_empty");
    let confirmation = client.client_deletion(&admin, agency.id).await.unwrap().confirmation.unwrap();
    client.delete_client_whole(&admin, agency.id, &confirmation).await.unwrap();
    assert_eq!(client.get_client(&admin, "dim").await.unwrap_err().status().map(|status| status.as_u16()), Some(404));
}

#[tokio::test]
async fn people_come_and_go() {
    let smm = start().await;
    let t = &smm.tenants;
    let (client, owner, stranger) = (client_of(&smm), of(t.customer_people.owner), of(t.stranger));
    let invite = Invite { email: "stranger@example.com".to_owned(), role: Role::Member };
    let first = client.invite(&owner, t.customer, &invite).await.unwrap();
    let sent = client.resend_invitation(&owner, t.customer, first.invitation.id).await.unwrap();
    assert!(!format!("{sent:?}").contains(&sent.token), "a secret is no matter for logs");
    let token = InvitationToken { token: sent.token };
    assert_eq!(client.invitation_preview(&stranger, &token).await.unwrap().state, InvitationState::Open);
    assert_eq!(client.accept_invitation(&stranger, &token).await.unwrap().role, Role::Member);
    let again = client.accept_invitation(&stranger, &token).await.unwrap_err();
    assert_eq!(code(&again), "invitation_accepted");
    let accepted = ListInvitations { state: Some(InvitationState::Accepted), ..ListInvitations::default() };
    assert_eq!(client.list_invitations(&owner, t.customer, &accepted).await.unwrap().data.len(), 1);
    let admin = ChangeMember { role: Role::Admin };
    assert_eq!(client.change_member(&owner, t.customer, t.stranger, &admin).await.unwrap().role, Role::Admin);
    let page = ListMembers { limit: Some(2), ..ListMembers::default() };
    assert!(client.list_members(&owner, t.customer, &page).await.unwrap().pagination.has_more);
    client.leave_client(&stranger, t.customer).await.unwrap();
    let put = PutMember { email: "stranger@example.com".to_owned(), role: Role::Viewer };
    assert_eq!(client.put_member(&owner, t.customer, &put).await.unwrap().role, Role::Viewer);
    client.remove_member(&owner, t.customer, t.stranger).await.unwrap();
    let invite = Invite { email: "new@example.com".to_owned(), role: Role::Viewer };
    let new = client.invite(&owner, t.customer, &invite).await.unwrap();
    client.revoke_invitation(&owner, t.customer, new.invitation.id).await.unwrap();
    assert_eq!(client.members(&owner, t.customer).await.unwrap().data.len(), 4);
}
