-- What questions across the fleet are answered from, beside the fleet itself. It means what
-- migrations/postgres/0012_questions.sql means.

-- How likely a vulnerability is to be exploited within thirty days (EPSS), of those that a finding
-- has. It changes daily, so findings do not keep it.
CREATE TABLE exploit_predictions (
    vulnerability TEXT NOT NULL PRIMARY KEY,
    -- 0 to 1.
    probability   REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX exploit_predictions_by_probability
    ON exploit_predictions (probability, vulnerability);

-- The last layer of each image and how many it has, so that images which begin with the layers of
-- another are recognised without a walk over every image that holds its layers.
CREATE TABLE image_tops (
    image_id INTEGER NOT NULL PRIMARY KEY,
    layer_id INTEGER NOT NULL,
    length   INTEGER NOT NULL
) STRICT;
CREATE INDEX image_tops_by_layer ON image_tops (layer_id, length, image_id);
INSERT INTO image_tops (layer_id, length, image_id)
SELECT layer_id, position + 1, image_id FROM image_layers
WHERE NOT EXISTS (SELECT 1 FROM image_layers AS higher
                  WHERE higher.image_id = image_layers.image_id
                    AND higher.position > image_layers.position);

-- Versions of a package by its name, and by that of the source package which it was built from.
CREATE INDEX packages_by_name ON packages (name, kind);
CREATE INDEX packages_by_source_name ON packages (source_name, kind) WHERE source_name IS NOT NULL;

-- Which tags have left an image, to see what they name now.
CREATE INDEX tags_left ON tags (image_id, tenant_id) WHERE valid_to IS NOT NULL;

CREATE INDEX findings_known_exploited ON findings (id) WHERE is_known_exploited;

-- What held at a past moment and no longer does. What holds now is in matches_by_finding.
CREATE INDEX matches_ended ON matches (finding_id, last_revision) WHERE last_revision IS NOT NULL;
