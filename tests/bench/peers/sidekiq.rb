# SPDX-License-Identifier: MIT
#
# Sidekiq on the Redis at $WEIR_PEER_PORT, 10 threads. Run by ruby it is the producer and the one who measures
# (enqueue|bulk|process|latency N, one line of JSON); required by "sidekiq -r" it is the job. With latency the job tells
# the pipe $WEIR_PEER_PIPE when it began.
require 'sidekiq'
require 'json'

url = { url: "redis://127.0.0.1:#{ENV.fetch('WEIR_PEER_PORT')}/0" }
Sidekiq.configure_server { |config| config.redis = url }
Sidekiq.configure_client { |config| config.redis = url }
Sidekiq.logger.level = Logger::WARN

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

class Noop
  include Sidekiq::Worker

  def perform(_text)
    pipe = ENV['WEIR_PEER_PIPE']
    File.write(pipe, format("%.6f\n", now)) if pipe
  end
end

PAYLOAD = 'x' * 62
QUEUE = 'queue:default'

def left
  Sidekiq.redis { |redis| redis.llen(QUEUE) }
end

def fill(count)
  Array.new(count) { [PAYLOAD] }.each_slice(1000) { |some| Sidekiq::Client.push_bulk('class' => Noop, 'args' => some) }
end

def timed(count)
  start = now
  yield
  { tasks_per_s: count / (now - start) }
end

def with_worker
  pid = spawn('sidekiq', '-r', __FILE__, '-c', '10', '-q', 'default', out: File::NULL, err: File::NULL)
  yield pid
ensure
  Process.kill('KILL', pid)
  Process.wait(pid)
end

def process(count)
  fill(count)
  with_worker do |pid|
    sleep 0.001 while left == count
    start = now
    first = left
    sleep 0.002 while left.positive?
    peak = File.read("/proc/#{pid}/status")[/VmHWM:\s+(\d+)/, 1].to_f / 1024
    { tasks_per_s: first / (now - start), peak_mb: peak }
  end
end

def latency(count)
  pipe = File.open(ENV.fetch('WEIR_PEER_PIPE'), 'r+')
  with_worker do
    waits = Array.new(count + 1) do
      sleep 0.005 + rand * 0.025
      sent = now
      Noop.perform_async(PAYLOAD)
      (pipe.gets.to_f - sent) * 1e3
    end
    waits = waits.drop(1).sort
    rank = ->(part) { waits[(part * count).ceil - 1] }
    { pickup_p50_ms: rank.call(0.5), pickup_p99_ms: rank.call(0.99) }
  end
end

if $PROGRAM_NAME == __FILE__
  scenario = ARGV[0]
  count = ARGV[1].to_i
  left # connects
  figures = case scenario
            when 'enqueue' then timed(count) { count.times { Noop.perform_async(PAYLOAD) } }
            when 'bulk' then timed(count) { fill(count) }
            when 'process' then process(count)
            when 'latency' then latency(count)
            end
  puts JSON.generate(figures)
end
