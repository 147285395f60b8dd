# SPEC_OPTS makes RSpec load this file. It listens beside the formatters that the run has: what they print stays
# the same. Syntax of Ruby 2.0.
require_relative 'agentproxy_lines'

module AgentProxyRSpec
  NOTIFICATIONS = %i[start example_passed example_failed example_pending message dump_summary]
  NOT_LOADED = /An error occurred while loading (\S+?)\.?$/

  class Listener
    def initialize(lines)
      @lines = lines
      @announced = @ran = 0
    end

    def start(notification)
      @announced = notification.count
    end

    def example_passed(notification)
      report_test(notification.example, 'passed', nil)
    end

    def example_failed(notification)
      report_test(notification.example, 'failed', notification.example.exception)
    end

    def example_pending(notification)
      example = notification.example
      skipped = example.respond_to?(:skipped?) && example.skipped?
      report_test(example, skipped ? 'skipped' : 'expected', nil)
    end

    # What fails beside the examples is only a message.
    def message(notification)
      text = notification.message.to_s.gsub(/\e\[[\d;]*m/, '')
      return unless text =~ /\A\s*An error occurred/
      if text =~ NOT_LOADED
        failure = { 'message' => text.strip.lines.drop(1).join }
        write('kind' => 'file', 'file' => File.expand_path($1), 'failures' => [failure])
      else
        write('kind' => 'error')
      end
    end

    def dump_summary(summary)
      # Code under test can end the process, and RSpec counts what ran until then.
      return if @ran < @announced
      failed = summary.failure_count
      passed = summary.example_count - failed - summary.pending_count
      write('kind' => 'end', 'passed' => passed, 'failed' => failed)
    end

    private

    def report_test(example, state, exception)
      @ran += 1
      state = 'skipped' if RSpec.configuration.dry_run?
      data = example.metadata
      file = data[:rerun_file_path] || data[:file_path]
      write('kind' => 'test', 'file' => File.expand_path(file.to_s), 'state' => state,
            'path' => groups(example) + [title(data)],
            'failures' => exception ? [failure(exception, data)] : [])
    end

    def groups(example)
      example.example_group.parent_groups.reverse.map { |group| group.description.to_s }
    end

    # A title that the matcher makes depends on the result.
    def title(data)
      (data[:description_args] || [data[:description]]).first.to_s.empty? ? 'example' : data[:description].to_s
    end

    def failure(exception, data)
      frames = RSpec.configuration.backtrace_formatter.format_backtrace(exception.backtrace || [], data)
      places = frames.map { |line| line =~ /\A(.+?):(\d+)/ ? "    at #{File.expand_path($1)}:#{$2}:0" : line }
      { 'name' => exception.class.name.to_s, 'message' => exception.message.to_s, 'stack' => places.join("\n") }
    end

    def write(line)
      @lines.write(line)
    end
  end

  def self.watch
    return unless AgentProxyLines.take_out('SPEC_OPTS', 'AGENTPROXY_SPEC_OPTIONS')
    # The reporter itself would add the usual formatter at once.
    reporter = RSpec.configuration.formatter_loader.reporter
    return unless reporter.respond_to?(:register_listener)
    lines = AgentProxyLines.open('RSpec')
    reporter.register_listener(Listener.new(lines), *NOTIFICATIONS) if lines
  rescue StandardError
    nil # an RSpec that is too old, or a folder that cannot be written: there is no report
  end
end

AgentProxyRSpec.watch
