# Minitest finds this file on its load path, since RUBYOPT names the folder above. It listens beside the reporters
# that the run has: what they print stays the same. Syntax of Ruby 2.0.
require_relative '../agentproxy_lines'

module Minitest
  class AgentProxyReporter < AbstractReporter
    def initialize(lines)
      super()
      @lines = lines
      @passed = @failed = 0
    end

    def record(result)
      failure = result.failure
      state = result.skipped? ? 'skipped' : failure ? 'failed' : 'passed'
      @passed += 1 if state == 'passed'
      @failed += 1 if state == 'failed'
      group = result.respond_to?(:klass) ? result.klass : result.class.name
      @lines.write('kind' => 'test', 'file' => file_of(result), 'state' => state, 'path' => [group, plain(result.name)],
                   'failures' => state == 'failed' ? result.failures.map { |each| said(each) } : [])
    end

    # Code under test can end the process: then nobody comes here.
    def report
      @lines.write('kind' => 'end', 'passed' => @passed, 'failed' => @failed)
    end

    private

    # A specification's name begins with its place in the file, which another one before it moves.
    def plain(name)
      name.to_s.sub(/\Atest_\d{4}_/, 'test_')
    end

    def file_of(result)
      return File.expand_path(result.source_location.first.to_s) if result.respond_to?(:source_location)
      File.expand_path(result.method(result.name).source_location.first.to_s)
    rescue StandardError
      ''
    end

    def said(failure)
      error = failure.respond_to?(:error) ? failure.error : failure
      file, line = failure.location.to_s.match(/\A(.+?):(\d+)/).to_a.drop(1)
      stack = file ? "    at #{File.expand_path(file)}:#{line}:0" : ''
      { 'name' => error.class.name.to_s, 'message' => error.message.to_s, 'stack' => stack }
    end
  end

  def self.plugin_agentproxy_init(_options)
    return unless AgentProxyLines.take_out('RUBYOPT', 'AGENTPROXY_RUBY_OPTIONS')
    lines = AgentProxyLines.open('minitest')
    reporter << AgentProxyReporter.new(lines) if lines
  rescue StandardError
    nil # a folder that cannot be written: there is no report
  end
end
