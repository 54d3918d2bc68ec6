//! Azure Container Registry: its own webhook, or Event Grid in either schema.

use serde::Deserialize;

use super::distribution;
use crate::collect::Collector;
use crate::delivery::{Answer, Delivery, Unreadable};
use crate::kind::{Address, Facts, Origin};
use crate::proof::Proof;

pub(super) const FACTS: Facts = Facts {
    name: "acr",
    title: "Azure Container Registry",
    origin: Origin::Delivery,
    proofs: &[Proof::Authorization, Proof::Query],
    read,
    settings,
};

const VALIDATION: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";

/// A batch of Event Grid, one CloudEvent of it, or what the registry itself sends.
#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Batch(Vec<GridEvent>),
    Grid(GridEvent),
    Own(distribution::Event),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GridEvent {
    /// `eventType` in Event Grid's own schema.
    #[serde(alias = "eventType")]
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    Validation {
        #[serde(rename = "validationCode")]
        code: String,
    },
    Event(distribution::Event),
}

fn read(delivery: &Delivery<'_>) -> Result<Answer, Unreadable> {
    let batch = match delivery.json()? {
        Payload::Batch(batch) => batch,
        Payload::Grid(event) => vec![event],
        Payload::Own(event) => return read_own(&event),
    };
    let mut events = Collector::default();
    for event in batch {
        match event.data {
            Data::Validation { code } if event.r#type == VALIDATION => {
                return Ok(Answer::Handshake { code });
            }
            Data::Event(data)
                if event.r#type.contains(".Image") || event.r#type.starts_with("Image") =>
            {
                distribution::collect(&mut events, &data)?;
            }
            _ => events.ignore(),
        }
    }
    Ok(events.finish().into())
}

/// Besides `push` and `delete` there are `ping`, `quarantine`, `chart_push` and `chart_delete`.
fn read_own(event: &distribution::Event) -> Result<Answer, Unreadable> {
    if event.action.is_empty() {
        return Err(Unreadable("there is no action".to_owned()));
    }
    let mut events = Collector::default();
    distribution::collect(&mut events, event)?;
    Ok(events.finish().into())
}

fn settings(address: &Address<'_>) -> Vec<String> {
    vec![
        "With the registry's own webhooks:".to_owned(),
        "az acr webhook create --registry REGISTRY --name scanyard --actions push delete \\".to_owned(),
        format!("  --uri '{}' \\", address.url),
        format!("  --headers 'Authorization=Bearer {}'", address.secret),
        "Or with Event Grid:".to_owned(),
        "az eventgrid event-subscription create --name scanyard --source-resource-id REGISTRY_ID \\".to_owned(),
        format!("  --endpoint '{}'", address.with_token()),
    ]
}

#[cfg(test)]
mod tests {
    use crate::testing::read;

    const PLACE: &str = "acme.azurecr.io/shop/cart";

    #[test]
    fn its_own_webhook_is_read() {
        let body = include_str!("../../fixtures/acr-webhook.json");
        let at = "2024-03-09T14:44:26Z";
        assert_eq!(
            read("acr", &[], body),
            format!("Push cb8c3971-9adc-488b-8bdd-43cbb4974ff5 {PLACE}:1.4@aaaa {at}")
        );
        for action in ["ping", "chart_push", "quarantine"] {
            let body = body.replace("\"push\"", &format!("\"{action}\""));
            assert_eq!(read("acr", &[], &body), "ignored 1");
        }
    }

    #[test]
    fn both_schemas_of_event_grid_are_read() {
        let body = include_str!("../../fixtures/acr-event-grid.json");
        let expected = format!(
            "Push 31c51664-e5bd-416a-a5df-e5206bc47ed0 {PLACE}:1.4@aaaa 2024-03-09T14:44:26Z\n\
             Delete f06e3921-301f-42ec-b368-212f7d5354bd {PLACE}@aaaa 2024-03-10T09:00:00Z\n\
             ignored 1"
        );
        assert_eq!(read("acr", &[], body), expected);
        let cloud = body
            .replace("\"eventType\"", "\"type\"")
            .replace("\"eventTime\"", "\"time\"");
        assert_eq!(read("acr", &[], &cloud), expected);
    }

    #[test]
    fn a_handshake_is_answered_with_its_code() {
        let body = include_str!("../../fixtures/acr-validation.json");
        assert_eq!(
            read("acr", &[], body),
            "handshake 512d38b6-c7b8-40c8-89fe-f46f9e9622b6"
        );
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for body in ["{}", "[1]", "7"] {
            assert!(
                read("acr", &[], body).starts_with("it is no delivery"),
                "{body}"
            );
        }
    }
}
