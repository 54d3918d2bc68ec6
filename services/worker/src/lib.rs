//! worker

mod pipeline;

pub use pipeline::{
    CatalogedLayer, LayerBudget, LayerError, LayerProgress, catalog_layer, catalog_layers,
};
