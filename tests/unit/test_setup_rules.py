"""What setting up decides without asking anybody."""

import pytest
from minio.notificationconfig import NotificationConfig, PrefixFilterRule, QueueConfig

from shared.catalog.setting_up import is_read_only
from shared.storage.s3 import rules

TARGET = "arn:minio:sqs::ingest:kafka"
EVENTS = next(rules.event_lists())
OTHERS = QueueConfig(
    queue="arn:minio:sqs::audit:webhook",
    events=["s3:ObjectAccessed:*"],
    config_id="audit",
    prefix_filter_rule=PrefixFilterRule("secret/"),
)


def test_a_bucket_keeps_the_rules_of_others_and_gets_ours_once():
    once = rules.with_rule(NotificationConfig(queue_config_list=[OTHERS]), TARGET, "topic", EVENTS)
    twice = rules.with_rule(once, TARGET, "topic", EVENTS)

    assert twice == once
    assert once.queue_config_list[0] == OTHERS
    assert len(once.queue_config_list) == 2
    assert rules.has_rule(once, TARGET, "topic", EVENTS)


def test_another_seenit_on_the_same_bucket_is_left_alone():
    one = rules.with_rule(NotificationConfig(), TARGET, "first", EVENTS)
    both = rules.with_rule(one, TARGET, "second", EVENTS)

    assert rules.has_rule(both, TARGET, "first", EVENTS)
    assert rules.has_rule(both, TARGET, "second", EVENTS)
    assert rules.has_rule(both, TARGET, "third", EVENTS) is None


@pytest.mark.parametrize(
    "rule",
    [
        QueueConfig(queue=TARGET, events=EVENTS[:1], config_id="seenit:topic"),
        QueueConfig(
            queue="arn:minio:sqs::other:kafka", events=list(EVENTS), config_id="seenit:topic"
        ),
        QueueConfig(
            queue=TARGET,
            events=list(EVENTS),
            config_id="seenit:topic",
            prefix_filter_rule=PrefixFilterRule("only/"),
        ),
    ],
)
def test_our_rule_is_replaced_where_it_tells_too_little_or_elsewhere(rule):
    present = NotificationConfig(queue_config_list=[rule])

    assert rules.has_rule(present, TARGET, "topic", EVENTS) is False
    mended = rules.with_rule(present, TARGET, "topic", EVENTS)
    assert len(mended.queue_config_list) == 1
    assert rules.has_rule(mended, TARGET, "topic", EVENTS)


def test_the_region_that_a_server_adds_to_the_target_makes_no_difference():
    told = QueueConfig(
        queue="arn:minio:sqs:eu-west-1:ingest:kafka", events=list(EVENTS), config_id="seenit:topic"
    )

    assert rules.has_rule(NotificationConfig(queue_config_list=[told]), TARGET, "topic", EVENTS)


@pytest.mark.parametrize(
    ("configuration", "name", "topic"),
    [
        ("notify_kafka:ingest enable=on topic=pictures brokers=a:1", "ingest", "pictures"),
        ('notify_kafka:ingest enable=on topic="two words" brokers=a:1', "ingest", "two words"),
        ("notify_kafka enable=on topic=pictures", "_", "pictures"),
        (
            "notify_kafka enable=off topic=\n# MINIO_NOTIFY_KAFKA_TOPIC=env\nnotify_kafka",
            "_",
            "env",
        ),
        ("# MINIO_NOTIFY_KAFKA_TOPIC_ingest=env\nnotify_kafka:ingest topic=", "ingest", "env"),
        (
            "# MINIO_NOTIFY_KAFKA_TOPIC_ingest=env\nnotify_kafka:ingest topic=file",
            "ingest",
            "env",
        ),
        ("notify_kafka:other topic=pictures", "ingest", None),
        ("notify_kafka enable=off topic= brokers=", "ingest", None),
        ("", "ingest", None),
    ],
)
def test_the_topic_of_a_target_is_found_in_minios_own_words(configuration, name, topic):
    assert rules.topic_of_target(configuration, name) == topic


def test_only_kafka_targets_of_minio_have_a_name_in_its_configuration():
    assert rules.target_id(TARGET) == "ingest"
    assert rules.target_id("arn:minio:sqs:eu-west-1:ingest:kafka") == "ingest"
    assert rules.target_id("arn:minio:sqs::ingest:webhook") is None
    assert rules.target_id("arn:aws:sqs:eu-west-1:123:queue") is None


def test_the_advice_is_the_environment_of_a_target_that_reaches_kafka():
    told = rules.target_variables("ingest", ["a:1", "b:2"], "pictures")

    assert "MINIO_NOTIFY_KAFKA_ENABLE_ingest=on" in told
    assert "MINIO_NOTIFY_KAFKA_BROKERS_ingest=a:1,b:2" in told
    assert "MINIO_NOTIFY_KAFKA_TOPIC_ingest=pictures" in told
    assert "MINIO_NOTIFY_KAFKA_QUEUE_DIR_ingest=" in told


def test_a_reader_may_list_and_read_its_buckets_and_nothing_else():
    policy = rules.reading_policy(["b", "a"])

    allowed = {
        (action, resource)
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    assert allowed == {
        ("s3:GetObject", "arn:aws:s3:::a/*"),
        ("s3:GetObject", "arn:aws:s3:::b/*"),
        ("s3:ListBucket", "arn:aws:s3:::a"),
        ("s3:ListBucket", "arn:aws:s3:::b"),
        ("s3:GetBucketLocation", "arn:aws:s3:::a"),
        ("s3:GetBucketLocation", "arn:aws:s3:::b"),
    }
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}


def test_policies_are_the_same_in_any_order_and_differ_by_what_they_allow():
    one = rules.reading_policy(["a", "b"])
    shuffled = {
        "Statement": [{**each, "Action": each["Action"][::-1]} for each in one["Statement"]]
    }

    assert rules.same_policy(one, {"Statement": shuffled["Statement"][::-1]})
    assert not rules.same_policy(one, rules.reading_policy(["a"]))
    assert not rules.same_policy(one, {})


USAGE = "GRANT USAGE ON *.* TO `reader`@`%` IDENTIFIED BY PASSWORD '*AB12'"
SELECT = "GRANT SELECT ON `seenit`.* TO `reader`@`%`"


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([USAGE, SELECT], True),
        ([USAGE], False),
        ([], False),
        ([USAGE, "GRANT SELECT, INSERT ON `seenit`.* TO `reader`@`%`"], False),
        ([USAGE, SELECT + " WITH GRANT OPTION"], False),
        ([USAGE, SELECT, "GRANT SELECT ON `other`.* TO `reader`@`%`"], False),
        (["GRANT ALL PRIVILEGES ON *.* TO `reader`@`%`", SELECT], False),
    ],
)
def test_a_reader_has_the_right_to_read_and_no_other(grants, expected):
    assert is_read_only(grants, "`seenit`") is expected
