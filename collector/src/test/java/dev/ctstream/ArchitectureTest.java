package dev.ctstream;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Holds the order of the packages, what only some of them may use, and what each of them must have. */
class ArchitectureTest {
    private static final String BASE = "dev.ctstream";

    /** A package may import only packages above it. */
    private static final List<String> ORDER = List.of(
            BASE + ".metrics..",
            BASE + ".netlink..",
            BASE + ".conntrack..",
            BASE + ".batch..",
            BASE + ".track..",
            BASE + ".spool..",
            BASE + ".publish..",
            BASE + ".read..",
            BASE + ".config..",
            BASE, // Collector
            BASE + ".admin..",
            BASE + ".bench..",
            BASE + ".cli..");

    private final JavaClasses classes = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/dev/ctstream/record/")) // generated
            .importPackages(BASE);

    @Test
    void importsPointLeft() {
        for (int i = 0; i < ORDER.size() - 1; i++) {
            String[] later = ORDER.subList(i + 1, ORDER.size()).toArray(new String[0]);
            noClasses()
                    .that()
                    .resideInAPackage(ORDER.get(i))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(later)
                    .allowEmptyShould(true)
                    .check(classes);
        }
    }

    @Test
    void everyPackageHasItsPlaceInTheOrder() {
        assertThat(classes).isNotEmpty().allMatch(resideInAnyPackage(ORDER.toArray(new String[0])));
    }

    @Test
    void libcIsCalledOnlyFromNetlink() {
        only("com.sun.jna..", "netlink");
    }

    @Test
    void metricsRegistryAndHttpServerStayInMetrics() {
        only("io.micrometer..", "metrics");
        only("io.prometheus..", "metrics");
        only("com.sun.net.httpserver..", "metrics");
    }

    @Test
    void avroStaysWhereRecordsAreWrittenOrRead() {
        only("org.apache.avro..", "batch", "spool", "publish", "read");
        only(BASE + ".record..", "batch", "spool", "publish", "read");
    }

    @Test
    void kafkaClientsStayWhereKafkaIsSpokenTo() {
        only("org.apache.kafka.clients..", "publish", "read", "cli");
    }

    @Test
    void configurationKeysAreDefinedOnlyInConfig() {
        // ConfigResource and TopicConfig are the Admin client's, not ours to define keys with.
        only(
                resideInAPackage("org.apache.kafka.common.config..")
                        .and(not(simpleName("ConfigResource")))
                        .and(not(simpleName("Type"))) // ConfigResource.Type
                        .and(not(simpleName("TopicConfig"))),
                "config");
    }

    @Test
    void commandLineParsingStaysInCli() {
        only("picocli..", "cli");
    }

    @Test
    void brokerClassesAreNeverLinked() {
        only(resideInAnyPackage(
                "kafka..",
                "scala..",
                "org.apache.kafka.server..",
                "org.apache.kafka.metadata..",
                "org.apache.kafka.storage..",
                "org.apache.kafka.raft.."));
    }

    @Test
    void everyPackageIsNullMarked() {
        List<String> unmarked = classes.stream()
                .map(JavaClass::getPackage)
                .distinct()
                .filter(javaPackage -> !javaPackage.isAnnotatedWith(NullMarked.class))
                .map(JavaPackage::getName)
                .toList();
        assertThat(unmarked).isEmpty();
    }

    private void only(String used, String... users) {
        only(resideInAPackage(used), users);
    }

    private void only(DescribedPredicate<JavaClass> used, String... users) {
        String[] allowed =
                Stream.of(users).map(user -> BASE + "." + user + "..").toArray(String[]::new);
        noClasses()
                .that(not(resideInAnyPackage(allowed)))
                .should()
                .dependOnClassesThat(used)
                .allowEmptyShould(true)
                .check(classes);
    }
}
