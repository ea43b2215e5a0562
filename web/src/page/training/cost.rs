//! Draws what a run would cost on this device, or why it cannot be done here.

use yew::prelude::*;

use super::{Cost, Measurement};
use crate::page::figures;
use crate::page::words::Words;

/// What the cost is drawn from.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The language.
    pub words: Words,
    /// The cost.
    pub cost: Cost,
}

/// The cost.
#[component]
pub fn CostView(props: &Props) -> Html {
    let w = props.words;
    html! {
        <div id="cost" class="cost" role="status">
            { match &props.cost {
                Cost::Unknown => Html::default(),
                Cost::Measuring => html! { <p class="message">{ w.measuring() }</p> },
                Cost::Failed(message) => html! { <p class="message bad">{ w.message(message) }</p> },
                Cost::Measured(measurement) => measured(w, measurement),
            } }
        </div>
    }
}

fn measured(w: Words, measurement: &Measurement) -> Html {
    let Measurement {
        plan,
        step_milliseconds,
        seconds,
        refused,
    } = measurement;
    let figure = |name: &'static str, value: String, more: String| {
        html! {
            <div><dt>{ name }</dt><dd class="number">{ value }<small>{ more }</small></dd></div>
        }
    };
    let share = 100.0 * plan.trainable_parameters as f64 / plan.parameters.max(1) as f64;
    html! {
        <>
            <dl class="figures">
                { figure(w.trainable(), figures::rounded_count(w, plan.trainable_parameters),
                    w.of_all(&figures::rounded_count(w, plan.parameters), share)) }
                { figure(w.memory(), figures::bytes(plan.memory_bytes), String::new()) }
                if *seconds > 0.0 {
                    { figure(w.time(), figures::duration(w, *seconds),
                        w.steps_of(plan.total_steps, &figures::duration(w, step_milliseconds / 1000.0))) }
                }
            </dl>
            if let Some(reason) = refused {
                <p class="message bad" role="alert">{ w.refused() }{ " " }{ w.message(reason) }</p>
            }
        </>
    }
}
