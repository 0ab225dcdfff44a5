"""A session of the engine that is installed: Sail, or Apache Spark in local mode."""

import os
import shutil
import sys

import pytest


@pytest.fixture(scope="session")
def spark():
    pytest.importorskip("pyspark", reason="no pyspark here: make test-cluster installs it")
    from pyspark.sql import SparkSession

    try:
        from pysail.spark import SparkConnectServer
    except ImportError:
        if shutil.which("java") is None:
            pytest.skip("neither Sail nor Java here")
        os.environ["PYSPARK_PYTHON"] = sys.executable
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "4g")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "8")
            .config("spark.sql.session.timeZone", "UTC")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()
        return
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    ip, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{ip}:{port}").getOrCreate()
    yield session
    session.stop()
    server.stop()
