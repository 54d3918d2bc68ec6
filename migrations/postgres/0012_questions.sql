-- What questions across the fleet are answered from, beside the fleet itself.

-- How likely a vulnerability is to be exploited within thirty days (EPSS), of those that a finding
-- has. It changes daily, so findings do not keep it.
CREATE TABLE exploit_predictions (
    vulnerability text             NOT NULL PRIMARY KEY,
    -- 0 to 1.
    probability   double precision NOT NULL
);
CREATE INDEX exploit_predictions_by_probability
    ON exploit_predictions (probability, vulnerability);

-- The last layer of each image and how many it has, so that images which begin with the layers of
-- another are recognised without a walk over every image that holds its layers.
CREATE TABLE image_tops (
    image_id bigint NOT NULL PRIMARY KEY,
    layer_id bigint NOT NULL,
    length   bigint NOT NULL
);
CREATE INDEX image_tops_by_layer ON image_tops (layer_id, length, image_id);
INSERT INTO image_tops (layer_id, length, image_id)
SELECT DISTINCT ON (image_id) layer_id, position + 1, image_id
FROM image_layers ORDER BY image_id, position DESC;

-- Versions of a package by its name, and by that of the source package which it was built from.
CREATE INDEX packages_by_name ON packages (hashtextextended(name, 0), kind);
CREATE INDEX packages_by_source_name ON packages (hashtextextended(source_name, 0), kind)
    WHERE source_name IS NOT NULL;

-- Which tags have left an image, to see what they name now.
CREATE INDEX tags_left ON tags (image_id, tenant_id) WHERE valid_to IS NOT NULL;

CREATE INDEX findings_known_exploited ON findings (id) WHERE is_known_exploited;

-- What held at a past moment and no longer does. What holds now is in matches_by_finding.
CREATE INDEX matches_ended ON matches (finding_id, last_revision) WHERE last_revision IS NOT NULL;
