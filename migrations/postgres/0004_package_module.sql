-- The module stream that an rpm was built for: builds of different streams never compare.
ALTER TABLE packages ADD COLUMN module text;
