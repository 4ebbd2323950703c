package dev.ctstream.spool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.ControlRecord.Topic;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TopicsFileTest {
    private static final RunTopics TWELVE = new RunTopics(new Topic("a", 12), new Topic("b", 3));
    private static final RunTopics FIVE = new RunTopics(new Topic("c", 5), new Topic(null, 3));

    @TempDir
    private Path folder;

    private TopicsFile open() {
        return TopicsFile.open(SpoolFileSystem.HOST, folder);
    }

    @Test
    void theTopicsOfEachRunWithBatchesAndOfTheRunBeforeOutliveTheProcess() throws Exception {
        assertThat(open().of(1)).isNull();
        open().keep(1, TWELVE, 1);
        open().keep(2, TWELVE, 1);
        open().keep(3, FIVE, 1);
        assertThat(Files.readString(TopicsFile.path(folder)))
                .isEqualTo("ctstream topics 1\n1 a 12 b 3\n2 a 12 b 3\n3 c 5 - 3\n");
        TopicsFile later = open();
        assertThat(later.of(1)).isEqualTo(TWELVE);
        assertThat(later.of(3)).isEqualTo(FIVE);
        assertThat(later.before(3)).isEqualTo(TWELVE);
        assertThat(later.before(4)).isEqualTo(FIVE);
        assertThat(later.before(1)).isNull();

        later.keep(4, FIVE, 4); // nothing of the others is left
        assertThat(Files.readString(TopicsFile.path(folder))).isEqualTo("ctstream topics 1\n3 c 5 - 3\n4 c 5 - 3\n");
        assertThat(Files.getPosixFilePermissions(TopicsFile.path(folder))).hasSize(2);
    }

    @Test
    void aFolderThatWasRemovedGetsTheFileAgain() throws Exception {
        TopicsFile file = open();
        file.keep(1, TWELVE, 1);
        Files.delete(TopicsFile.path(folder));
        file.store();
        assertThat(open().of(1)).isEqualTo(TWELVE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ctstream topics 2\n",
                "ctstream topics 1\n1 a 12 b\n",
                "ctstream topics 1\n1 a 12 b 3 4\n",
                "ctstream topics 1\nx a 12 b 3\n",
                "ctstream topics 1\n1 a 0 b 3\n",
                "ctstream topics 1\n1 a 12 b 99999999999\n",
                "ctstream topics 1\n2 a 12 b 3\n1 a 12"
            })
    void aFileThatSaysSomethingElseIsNotUsed(String text) throws Exception {
        Files.writeString(TopicsFile.path(folder), text);
        TopicsFile file = open();
        assertThat(file.of(1)).isNull();
        assertThat(file.before(3)).isNull();
        file.keep(3, FIVE, 3);
        assertThat(open().of(3)).isEqualTo(FIVE);
    }

    @Test
    void anotherIdOrFewerPartitionsReplaceATopic() {
        Map<Topic, Boolean> replaced = Map.of(
                new Topic("a", 12), false,
                new Topic("a", 24), false,
                new Topic(null, 12), false,
                new Topic("a", 11), true,
                new Topic(null, 11), true,
                new Topic("b", 12), true);
        replaced.forEach((other, expected) -> assertThat(new Topic("a", 12).replacedBy(other))
                .as(other.toString())
                .isEqualTo(expected));
        assertThat(new Topic(null, 12).replacedBy(new Topic("b", 12))).isFalse();
    }
}
