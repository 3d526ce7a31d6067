-- Up Migration
-- Only series on one of these schedules are told: a country (`BR`), services of several countries (`global`), a network
-- (`n12`) or a streaming service (`w1`), with TVmaze's ids. An empty array: all series.
alter table notice_setting add column schedules text[];
